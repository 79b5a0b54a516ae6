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
      let other = try XCTUnwrap(json["other"] as? [String: Any])
      XCTAssertEqual((line["other"] as? [String: Any])?["pixels"] as? Int ?? 0, other["pixels"] as? Int)
      XCTAssertEqual(
        Set(try XCTUnwrap(line["timings_ms"] as? [String: Double]).keys),
        ["read", "image", "clip", "side", "decoder", "recognition", "labels", "render"])
      XCTAssertNotNil(line["total_ms"] as? Double)
    }
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
