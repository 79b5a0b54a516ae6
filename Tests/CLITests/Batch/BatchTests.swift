import Foundation
import SANCore
import SANInference
import XCTest

/// Several images in one run: where outputs go, what is printed, and what becomes of the rest when one fails.
final class BatchTests: XCTestCase {
  func testEveryOutputAsOfSingleRuns() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/june/b.jpg")
    let options = ["--labels", "labels", "--json", "json", "--mask-dir", "masks", "--scores", "scores"]
    let outcome = try segmenting.run(["in"] + options)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    for (name, place) in [("in/a.png", "a"), ("in/june/b.jpg", "june/b")] {
      let single = try segmenting.run([
        name, "--output", "one.png", "--labels", "l.png", "--json", "r.json", "--mask-dir", "m", "--scores",
        "s.npy",
      ])
      XCTAssertEqual(single.status, 0, single.errors)
      for (file, batch) in [
        ("one.png", "segmented/\(place).segmented.png"), ("l.png", "labels/\(place).png"),
        ("m/000-cat.png", "masks/\(place)/000-cat.png"), ("m/001-dog.png", "masks/\(place)/001-dog.png"),
        ("s.npy", "scores/\(place).npy"),
      ] {
        XCTAssert(try segmenting.folder.bytes(file) == segmenting.folder.bytes(batch), batch)
      }
      func results(_ file: String) throws -> Substring {
        String(decoding: try segmenting.folder.bytes(file), as: UTF8.self).split(separator: "\"timings_ms\"")[
          0]
      }
      XCTAssertEqual(try results("r.json"), try results("json/\(place).json"))
    }
    for (folder, end) in [
      ("segmented", ".segmented.png"), ("labels", ".png"), ("json", ".json"), ("scores", ".npy"),
    ] {
      XCTAssertEqual(try segmenting.outputs(folder), ["a\(end)", "june/b\(end)"])
    }
    XCTAssertEqual(try segmenting.outputs("masks").count, 4)
  }

  func testLinesOnStandardOutput() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/tab\tname.png")
    let outcome = try segmenting.run(["in", "--no-overlay", "--json", "json", "--threshold", "0.1"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.output.hasPrefix("image\tclass\tlabel\tpixels\tshare\tscore\n"))
    XCTAssertEqual(outcome.images, ["in/a.png", "in/tab\\tname.png"])
    for (image, json) in [("in/a.png", "a"), ("in/tab\\tname.png", "tab\tname")] {
      let report = try ToyFiles.json(segmenting.folder.bytes("json/\(json).json"))
      guard case .array(let classes) = report["classes"], let other = report["other"] else {
        return XCTFail("\(json): classes and other")
      }
      let entries = (classes + [other]).filter { $0["pixels"] != .integer(0) }
      let rows = outcome.rows.filter { $0[0] == image }
      XCTAssertEqual(rows.count, entries.count)
      for (row, entry) in zip(rows, entries) {
        XCTAssertEqual(entry["name"], .string(row[1]))
        XCTAssertEqual(entry["label"], Int(row[2]).map(JSONValue.integer))
        XCTAssertEqual(entry["pixels"], Int(row[3]).map(JSONValue.integer))
        XCTAssertEqual(entry["coverage"], Double(row[4]).map(JSONValue.real))
        XCTAssertEqual(entry["score"], Double(row[5]).map(JSONValue.real))
      }
    }
  }

  func testNamesThatWouldMeet() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures(
      "in/photo.jpg", "in/photo.png", "in/photo.jpg.png", "in/other.png", "in/sub/photo.png")
    XCTAssertEqual(try segmenting.run(["in", "--output", "out"]).status, 0)
    XCTAssertEqual(
      try segmenting.outputs("out"),
      [
        "other.segmented.png", "photo.jpg.png.segmented.png", "photo.jpg.segmented.png",
        "photo.png.segmented.png",
        "sub/photo.segmented.png",
      ])

    // What is the same below several folders keeps the folders' names.
    try segmenting.addPictures("set1/images/a.png", "set2/images/a.png")
    XCTAssertEqual(try segmenting.run(["set1/images", "set2/images/", "--output", "sets"]).status, 0)
    XCTAssertEqual(
      try segmenting.outputs("sets"), ["set1/images/a.segmented.png", "set2/images/a.segmented.png"])
    XCTAssertEqual(
      try segmenting.run(["set1/images/a.png", "set2/../set2/images/a.png", "--output", "files"]).status, 0)
    XCTAssertEqual(
      try segmenting.outputs("files"), ["set1/images/a.segmented.png", "set2/images/a.segmented.png"])

    // Outputs of different kinds are told before any work.
    try segmenting.addPictures("kinds/a.png", "kinds/a.segmented.png")
    let outcome = try segmenting.run([
      "kinds/a.png", "kinds/a.segmented.png", "--output", "same", "--labels", "same",
    ])
    XCTAssertEqual(outcome.status, 64)
    for name in ["kinds/a.png", "kinds/a.segmented.png", "same/a.segmented.png"] {
      XCTAssert(outcome.errors.contains(name), outcome.errors)
    }
    try segmenting.addPictures("mixed/a.png", "mixed/a/b.png")
    let mixed = try segmenting.run(["mixed", "--no-overlay", "--labels", "same", "--mask-dir", "same"])
    XCTAssertEqual(mixed.status, 64, mixed.errors)
    XCTAssertFalse(FileManager.default.fileExists(atPath: segmenting.folder["same"].path))
  }

  func testOutputsAreNoInputs() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.png", "sub/b.png")
    for _ in 0..<2 {
      let outcome = try segmenting.run([".", "--labels", "sub/labels"])
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssertEqual(outcome.images, ["a.png", "sub/b.png"])
    }
    XCTAssertEqual(
      try segmenting.run(["**/*.png", "--labels", "sub/labels"]).images, ["a.png", "sub/b.png"])
    // A file named by itself is an input wherever it lies, but not its own output.
    let outcome = try segmenting.run(["a.png", "sub/labels/a.png", "--no-overlay", "--labels", "."])
    XCTAssertEqual(outcome.status, 64)
    XCTAssert(outcome.errors.contains("a.png is the input"), outcome.errors)
  }

  func testOneBadImageAmongGoodOnes() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/c.png", "in/e.png")
    let whole = try segmenting.folder.bytes("in/a.png")
    try segmenting.addFile("in/b.png", whole[..<(whole.count / 2)])
    try segmenting.addFile("in/d.jpg", Array("text".utf8))
    for jobs in ["1", "3"] {
      let outcome = try segmenting.run([
        "in", "missing.png", "--output", "out\(jobs)", "--jobs", jobs, "--quiet",
      ])
      XCTAssertEqual(outcome.status, 65)
      XCTAssertEqual(outcome.images, ["in/a.png", "in/c.png", "in/e.png"])
      XCTAssertEqual(
        try segmenting.outputs("out\(jobs)"),
        ["in/a.segmented.png", "in/c.segmented.png", "in/e.segmented.png"])
      let lines = outcome.errorLines
      XCTAssertEqual(lines.count, 4, outcome.errors)
      for (line, start) in zip(lines, ["in/b.png: ", "in/d.jpg: ", "missing.png: ", "3 of 6 images failed"]) {
        XCTAssert(line.hasPrefix("san-cli: \(start)"), String(line))
      }
    }
  }

  func testProgressInALog() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/b.png")
    try segmenting.addFile("in/c.png", Array("text".utf8))
    let outcome = try segmenting.run(["in"])
    XCTAssertEqual(outcome.status, 65)
    let lines = outcome.errorLines
    XCTAssertEqual(lines.count, 6, outcome.errors)
    for (line, count) in zip(lines, [1, 2]) {
      XCTAssertNotNil(
        line.wholeMatch(
          of: try Regex("\(count) of 3 images, [0-9.]+ (images/s|s/image), [0-9:]+ (s|min|h) left")),
        String(line))
    }
    XCTAssert(lines[2].hasPrefix("san-cli: in/c.png: "))
    XCTAssertEqual(lines[3], "2 images done, 1 failed")
    XCTAssertEqual(lines[4], "wrote to segmented")
  }

  func testSameBytesWithAnyNumberOfJobs() throws {
    let segmenting = try Segmenting()
    for index in 0..<12 {
      try segmenting.addFile(
        "in/\(index).png", ToyFiles.png(width: 5 + index * 17 % 60, height: 90 - index * 7))
    }
    var printed: Set<String> = []
    var contents: Set<[String: [UInt8]]> = []
    for (jobs, threads) in [("1", "1"), ("4", "2"), ("7", "1")] {
      let options = ["--labels", "out/labels", "--mask-dir", "out/masks", "--scores", "out/scores"]
      let outcome = try segmenting.run(
        ["in", "--output", "out", "--jobs", jobs, "--threads", threads] + options)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      printed.insert(outcome.output)
      let files = try segmenting.outputs("out")
      XCTAssertEqual(files.count, 12 * 5)
      contents.insert(
        Dictionary(uniqueKeysWithValues: try files.map { ($0, try segmenting.folder.bytes("out/\($0)")) }))
      try FileManager.default.removeItem(at: segmenting.folder["out"])
    }
    XCTAssertEqual(printed.count, 1)
    XCTAssertEqual(contents.count, 1)
  }

  /// On exFAT and others letters' case does not count, and on macOS nor how an accent is written: there no output of one photo
  /// takes the place of another's either.
  func testNamesThatDifferInCaseAlone() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures(
      "in/IMG_1.jpg", "in/img_1.jpg", "in/Same.png", "in/same.png", "in/same.png-2.png", "in/June/x.png",
      "in/june/X.png",
      "in/\u{E9}.png", "in/e\u{301}.png")
    let outcome = try segmenting.run([
      "in", "--output", "out", "--labels", "labels", "--json", "json", "--scores", "scores", "--mask-dir",
      "masks",
      "--cutout", "cat", "--cutout-output", "cut",
    ])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    for folder in ["out", "labels", "json", "scores", "cut"] {
      let files = try segmenting.outputs(folder)
      XCTAssertEqual(files.count, 9, folder)
      // Swift's strings are equal however an accent is written.
      XCTAssertEqual(Set(files.map { $0.lowercased() }).count, 9, "\(files)")
    }
    let masks = Set(
      try segmenting.outputs("masks").map { ($0 as NSString).deletingLastPathComponent.lowercased() })
    XCTAssertEqual(masks.count, 9, "\(masks)")
    XCTAssert(try segmenting.outputs("labels").contains("Same.png.png"))
    XCTAssert(try segmenting.outputs("labels").contains("same.png-3.png"))
    let alone = try segmenting.run(["in/Same.png", "--output", "x/Over.png", "--labels", "x/over.png"])
    XCTAssertEqual(alone.status, 73, alone.errors)
    try FileManager.default.createDirectory(at: segmenting.folder["x"], withIntermediateDirectories: true)
    let twice = try segmenting.run(["in/Same.png", "--output", "x/Over.png", "--labels", "x/over.png"])
    XCTAssertEqual(twice.status, 64)
    XCTAssert(twice.errors.contains("already written by --output"), twice.errors)
  }
}
