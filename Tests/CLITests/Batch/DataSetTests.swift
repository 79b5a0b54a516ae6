import Foundation
import XCTest

/// What is made of all images of a job that is run in parts, or in several goes.
final class DataSetTests: XCTestCase {
  private func json(_ segmenting: Segmenting, _ name: String) throws -> [String: Any] {
    try XCTUnwrap(
      try JSONSerialization.jsonObject(with: Data(segmenting.folder.bytes(name))) as? [String: Any])
  }

  private func exists(_ segmenting: Segmenting, _ name: String) -> Bool {
    FileManager.default.fileExists(atPath: segmenting.folder[name].path)
  }

  /// Parts that differ in nothing but `--shard` have files of their own, which together are the whole job's.
  func testShards() throws {
    let segmenting = try Segmenting()
    for index in 0..<5 { try segmenting.addPictures("in/\(index).png") }
    try segmenting.addFile("in/2.png", Array("no picture".utf8))
    let files = ["--report", "report.jsonl", "--coco", "found.json"]
    XCTAssertEqual(try segmenting.run(["in"] + files).status, 65)
    let (whole, report) = (try json(segmenting, "found.json"), try segmenting.folder.bytes("report.jsonl"))
    for name in ["found.json", "report.jsonl"] {
      try FileManager.default.removeItem(at: segmenting.folder[name])
    }
    var parts: [[String: Any]] = []
    var images: [String] = []
    for number in 1...3 {
      let outcome = try segmenting.run(["in", "--shard", "\(number)/3"] + files)
      XCTAssertEqual(outcome.status, number == 3 ? 65 : 0, outcome.errors)
      XCTAssert(outcome.errors.contains("wrote found-\(number)-of-3.json\n"), outcome.errors)
      parts.append(try json(segmenting, "found-\(number)-of-3.json"))
      let text = String(decoding: try segmenting.folder.bytes("report-\(number)-of-3.jsonl"), as: UTF8.self)
      images += try ReportTests.lines(text).compactMap { $0["image"] as? String }
    }
    XCTAssertFalse(exists(segmenting, "found.json"))
    XCTAssertFalse(exists(segmenting, "report.jsonl"))
    XCTAssertEqual(
      images.sorted(),
      try ReportTests.lines(String(decoding: report, as: UTF8.self)).compactMap { $0["image"] as? String })
    for list in ["images", "annotations"] {
      let joined = try parts.flatMap { try XCTUnwrap($0[list] as? [[String: Any]]) }
      let ids = joined.compactMap { $0["id"] as? Int }
      XCTAssertEqual(Set(ids).count, joined.count)
      let sorted = joined.sorted { ($0["id"] as? Int ?? 0) < ($1["id"] as? Int ?? 0) }
      XCTAssertEqual(sorted as NSArray, whole[list] as? NSArray)
    }
    for part in parts {
      XCTAssertEqual(part["categories"] as? NSArray, whole["categories"] as? NSArray)
    }
    // What cannot be written is told under the part's own name; other names are no part's.
    let outcome = try segmenting.run([
      "in", "--shard", "2/3", "--report", "nowhere/r", "--coco", "found.json",
    ])
    XCTAssertEqual(outcome.status, 73)
    XCTAssert(outcome.errors.contains("nowhere/r-2-of-3"), outcome.errors)
    let device = try segmenting.run(["in/1.png", "--shard", "1/1", "--report", "/dev/null"])
    XCTAssertEqual(device.status, 0, device.errors)
  }

  /// A run that was killed goes on, and its data set is that of a run that was not, byte for byte.
  func testResumedAfterAKill() throws {
    for masks in ["rle", "polygons"] {
      for options in [["--output", "out", "--mask-dir", "masks"], ["--no-overlay"]] {
        let segmenting = try Segmenting()
        try segmenting.addPictures("in/a.png", "in/b.png", "in/c.jpg", "in/d.png")
        let photo = try segmenting.folder.bytes("in/b.png")
        let files = ["in/a.png", "in/b.png", "in/c.jpg", "in/d.png", "--coco-masks", masks]
        let whole = try segmenting.run(files + ["--output", "whole", "--coco", "whole.json"])
        XCTAssertEqual(whole.status, 0, whole.errors)
        let run = files + options + ["--coco", "sets/found.json", "--jobs", "1", "--skip-existing"]
        try segmenting.addFile("sets/note.txt", [])
        // The second image is a pipe, at which the program waits, so that the signal surely comes in the middle.
        let pipe = segmenting.folder["in/b.png"].path
        unlink(pipe)
        XCTAssertEqual(mkfifo(pipe, 0o600), 0)
        let running = try Program.start(["segment"] + run + Segmenting.common, in: segmenting.folder.url)
        let writer = open(pipe, O_WRONLY)  // returns when the program has opened the other end
        XCTAssertGreaterThanOrEqual(writer, 0)
        XCTAssertEqual(kill(running.process.processIdentifier, SIGKILL), 0)
        XCTAssertEqual(try running.wait().status, -SIGKILL)
        close(writer)
        unlink(pipe)
        XCTAssertFalse(exists(segmenting, "sets/found.json"))

        try segmenting.addFile("in/b.png", photo)
        let next = try segmenting.run(run + ["--report", "report.jsonl"])
        XCTAssertEqual(next.status, 0, next.errors)
        XCTAssertEqual(next.output, whole.output)
        let report = String(decoding: try segmenting.folder.bytes("report.jsonl"), as: UTF8.self)
        XCTAssertEqual(
          try ReportTests.lines(report).map { $0["status"] as? String }, ["skipped", "done", "done", "done"])
        XCTAssertFalse(report.contains("segmentation"))
        let expected = try segmenting.folder.bytes("whole.json")
        XCTAssert(try segmenting.folder.bytes("sets/found.json") == expected)
        // Once more: nothing is done, and the file is the same.
        let last = try segmenting.run(run)
        XCTAssert(last.errors.contains("0 images done, 4 skipped"), last.errors)
        XCTAssert(try segmenting.folder.bytes("sets/found.json") == expected)
      }
    }
  }

  /// A record whose annotations are damaged does not count.
  func testDamagedAnnotations() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png")
    let run = ["in", "--output", "out", "--coco", "found.json", "--skip-existing"]
    XCTAssertEqual(try segmenting.run(run).status, 0)
    let expected = try segmenting.folder.bytes("found.json")
    let record = String(decoding: try segmenting.folder.bytes("out/.san-run.jsonl"), as: UTF8.self)
    for (old, new) in [
      (#"\"category_id\": "#, #"\"category_id\": 9"#), (#"\"segmentation\""#, #"\"segmentation"#),
      (#""coco": ["#, #""coco": [7, "#),
    ] {
      let damaged = record.replacingOccurrences(of: old, with: new)
      XCTAssertNotEqual(damaged, record)
      try segmenting.addFile("out/.san-run.jsonl", Array(damaged.utf8))
      let outcome = try segmenting.run(run)
      XCTAssert(outcome.errors.contains("1 image done\n"), outcome.errors)
      XCTAssert(try segmenting.folder.bytes("found.json") == expected)
    }
    XCTAssert(try segmenting.run(run).errors.contains("0 images done, 1 skipped"))
  }
}
