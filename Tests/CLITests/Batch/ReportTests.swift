import Foundation
import XCTest

/// `--report`: a line of JSON for each image.
final class ReportTests: XCTestCase {
  /// The lines of a report.
  static func lines(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
      try XCTUnwrap(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  func testLines() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/c.png")
    try segmenting.addFile("in/b.png", Array("text".utf8))
    let outcome = try segmenting.run([
      "in", "--labels", "labels", "--mask-dir", "masks", "--threshold", "0.1", "--report", "report.jsonl",
      "--json", "json", "--jobs", "3",
    ])
    XCTAssertEqual(outcome.status, 65, outcome.errors)
    let text = String(decoding: try segmenting.folder.bytes("report.jsonl"), as: UTF8.self)
    XCTAssert(text.hasSuffix("}\n"))
    let lines = try ReportTests.lines(text)
    XCTAssertEqual(lines.map { $0["image"] as? String }, ["in/a.png", "in/b.png", "in/c.png"])
    XCTAssertEqual(lines.map { $0["status"] as? String }, ["done", "failed", "done"])
    XCTAssertEqual(
      lines[1]["error"] as? String,
      "in/b.png: is not a picture in a known format; JPEG, PNG, WebP, HEIC, AVIF, TIFF, GIF or BMP is needed")
    for (line, name, width) in [(lines[0], "a", 20), (lines[2], "c", 21)] {
      XCTAssertNil(line["error"])
      XCTAssertEqual([line["width"] as? Int, line["height"] as? Int], [width, 16])
      let outputs = try XCTUnwrap(line["outputs"] as? [String])
      XCTAssertEqual(
        outputs,
        ["segmented/\(name).segmented.png", "labels/\(name).png", "json/\(name).json", "masks/\(name)"])
      for path in outputs { XCTAssert(FileManager.default.fileExists(atPath: segmenting.folder[path].path)) }
      // The same numbers as in the image's own JSON, whose classes without pixels are left out here.
      let json = try XCTUnwrap(
        try JSONSerialization.jsonObject(with: Data(segmenting.folder.bytes("json/\(name).json")))
          as? [String: Any])
      let found = try XCTUnwrap(json["classes"] as? [[String: Any]]).filter { $0["pixels"] as? Int != 0 }
      let classes = try XCTUnwrap(line["classes"] as? [[String: Any]])
      XCTAssertEqual(classes.count, found.count)
      for (entry, expected) in zip(classes, found) {
        XCTAssertEqual(Set(entry.keys), ["name", "label", "pixels", "coverage", "score"])
        for key in entry.keys { XCTAssertEqual(entry[key] as? NSObject, expected[key] as? NSObject) }
      }
      let doubt = try XCTUnwrap(line["doubt"] as? [String: Double])
      XCTAssertEqual(Set(doubt.keys), ["margin", "unsure"])
      XCTAssertEqual(doubt, json["doubt"] as? [String: Double])
      let other = try XCTUnwrap(json["other"] as? [String: Any])
      XCTAssertEqual((line["other"] as? [String: Any])?["pixels"] as? Int ?? 0, other["pixels"] as? Int)
      XCTAssertEqual(
        Set(try XCTUnwrap(line["timings_ms"] as? [String: Double]).keys),
        ["read", "image", "clip", "side", "decoder", "recognition", "labels", "render"])
      XCTAssertNotNil(line["total_ms"] as? Double)
    }
  }

  /// `report` lists photos, the doubtful first.
  func testOrderOfDoubt() throws {
    let folder = try Scratch()
    func line(_ image: String, _ unsure: Double?, _ margin: Double = 0) -> String {
      let doubt = unsure.map { "{\"margin\": \(margin), \"unsure\": \($0)}" } ?? "null"
      return "{\"image\": \"\(image)\", \"status\": \"done\", \"doubt\": \(doubt)}\n"
    }
    let failed = "{\"image\": \"f.png\", \"status\": \"failed\", \"error\": \"x\"}\n"
    try folder.write(Array((line("a.png", 0.25, 0.5) + failed + line("b.png", 0.5, 0.3)).utf8), to: "1.jsonl")
    try folder.write(
      Array((line("c\\t.png", 0.5, 0.2) + line("d.png", nil) + "\n" + line("e.png", 0, 2)).utf8),
      to: "2.jsonl")
    let head = "image\tstatus\tunsure\tmargin\n"
    let (a, b, c) = ("a.png\tdone\t0.25\t0.5\n", "b.png\tdone\t0.5\t0.3\n", "c\\t.png\tdone\t0.5\t0.2\n")
    let (d, e, f) = ("d.png\tdone\t-\t-\n", "e.png\tdone\t0.0\t2.0\n", "f.png\tfailed\t-\t-\n")
    let plain = try Program.run(["report", "1.jsonl", "2.jsonl"], in: folder.url)
    XCTAssertEqual(plain.status, 0, plain.errors)
    XCTAssertEqual(plain.output, head + a + f + b + c + d + e)
    let sorted = try Program.run(["report", "1.jsonl", "2.jsonl", "--sort", "doubt"], in: folder.url)
    XCTAssertEqual(sorted.output, head + c + b + a + e + f + d)
    try folder.write(Array((failed + "{\"status\": 3}\n").utf8), to: "bad.jsonl")
    let bad = try Program.run(["report", "bad.jsonl"], in: folder.url)
    XCTAssertEqual(bad.status, 65)
    XCTAssertEqual(
      bad.errors, "san-cli: bad.jsonl: line 2: is no photo of a report that segment --report has written\n")
    XCTAssertEqual(try Program.run(["report", "gone.jsonl"], in: folder.url).status, 66)
    XCTAssertEqual(try Program.run(["report"], in: folder.url).status, 64)
  }

  /// What a run has written is read, and what was skipped has its doubt.
  func testDoubtOfARun() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/b.png")
    let options = ["in", "--report", "r.jsonl", "--skip-existing"]
    var listed: [String] = []
    for _ in 0..<2 {
      XCTAssertEqual(try segmenting.run(options).status, 0)
      let outcome = try Program.run(["report", "r.jsonl", "--sort", "doubt"], in: segmenting.folder.url)
      XCTAssertEqual(outcome.rows.count, 2)
      XCTAssertFalse(outcome.output.contains("\t-"), outcome.output)
      listed.append(outcome.output.replacingOccurrences(of: "skipped", with: "done"))
    }
    XCTAssertEqual(listed[0], listed[1])
  }

  func testOnStandardOutputAndOfOneImage() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.png")
    let outcome = try segmenting.run(["a.png", "--report", "-", "--quiet"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(outcome.errors, "")
    let lines = try ReportTests.lines(outcome.output)
    XCTAssertEqual(lines.count, 1)
    XCTAssertEqual(lines[0]["outputs"] as? [String], ["segmented/a.segmented.png"])
  }

  func testWhereItCannotGo() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/b.png")
    let before = try segmenting.files(".")
    for (path, status, more) in [
      ("missing/r.jsonl", 73, []), ("in", 73, []), ("in/a.png", 64, []), ("", 64, []),
      ("./in/r.json", 64, ["--json", "in/../in"]), ("out.json", 64, ["--list", "out.json"]),
    ] as [(String, Int32, [String])] {
      if path == "out.json" { try segmenting.addFile(path, Array("in/a.png\n".utf8)) }
      if path == "./in/r.json" { try segmenting.addPictures("r.png") }
      let inputs = path == "./in/r.json" ? ["r.png"] : ["in"]
      let outcome = try segmenting.run(inputs + ["--report", path] + more)
      XCTAssertEqual(outcome.status, status, "\(path): \(outcome.errors)")
      XCTAssertEqual(outcome.errorLines.count, 1, outcome.errors)
      XCTAssert(outcome.errors.contains(path.isEmpty ? "--report" : path), outcome.errors)
    }
    XCTAssertEqual(try segmenting.files("."), (before + ["out.json", "r.png"]).sorted())
  }
}
