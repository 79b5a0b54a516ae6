import Foundation
import XCTest

/// Runs that go on where one was stopped, and jobs in several parts.
final class ResumeTests: XCTestCase {
  /// The statuses of a run's images by name, as its report has them.
  private func statuses(
    _ segmenting: Segmenting, _ arguments: [String], file: StaticString = #filePath, line: UInt = #line
  ) throws -> [String: String] {
    let outcome = try segmenting.run(arguments + ["--skip-existing", "--report", "-", "--quiet"])
    XCTAssertEqual(outcome.status, 0, outcome.errors, file: file, line: line)
    return Dictionary(
      uniqueKeysWithValues: try ReportTests.lines(outcome.output).map {
        (Path.name($0["image"] as? String), $0["status"] as? String ?? "")
      })
  }

  private enum Path {
    static func name(_ path: String?) -> String {
      path.map { URL(fileURLWithPath: $0).lastPathComponent } ?? ""
    }
  }

  func testWhatIsThereIsSkipped() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/b.png", "in/c.png")
    let options = ["in", "--labels", "labels", "--mask-dir", "masks"]
    let first = try segmenting.run(options)
    XCTAssertEqual(first.status, 0, first.errors)
    let all = ["a.png": "skipped", "b.png": "skipped", "c.png": "skipped"]
    XCTAssertEqual(try statuses(segmenting, options), all)
    // What is printed is what the first run has printed, and nothing is written.
    let before = try segmenting.folder.contents()
    let second = try segmenting.run(options + ["--skip-existing"])
    XCTAssertEqual(second.output, first.output)
    XCTAssertEqual(second.errorLines.last, "0 images done, 3 skipped")
    for (name, bytes) in try segmenting.folder.contents() where !name.hasPrefix("segmented/.san-run") {
      XCTAssert(before[name] == bytes, name)
    }
    // An output that is gone, one that has changed, and an image that has.
    try FileManager.default.removeItem(at: segmenting.folder["labels/a.png"])
    XCTAssertEqual(try statuses(segmenting, options), all.merging(["a.png": "done"]) { $1 })
    try segmenting.addFile("masks/b/000-cat.png", Array("changed".utf8))
    XCTAssertEqual(
      try statuses(segmenting, options + ["--overwrite"]), all.merging(["b.png": "done"]) { $1 })
    try segmenting.addFile("in/c.png", ToyFiles.png(width: 30, height: 30))
    XCTAssertEqual(try statuses(segmenting, options), all.merging(["c.png": "done"]) { $1 })
    try segmenting.addPictures("in/d.png")
    XCTAssertEqual(try statuses(segmenting, options), all.merging(["d.png": "done"]) { $1 })
    XCTAssertEqual(try statuses(segmenting, options).values.filter { $0 == "skipped" }.count, 4)
    // Without the option all are made again.
    XCTAssertEqual(try segmenting.run(options).errorLines.last?.hasPrefix("wrote to"), true)
  }

  func testWhatWasMadeOtherwiseIsMadeAgain() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/b.png")
    try ToyFiles.write(type: .float16, to: segmenting.folder["other.safetensors"])
    try segmenting.addFile("t.txt", Array("a {}\n".utf8))
    func run(_ options: [String: String], _ flags: [String] = []) throws -> Set<String> {
      let standard = [
        "--model": ToyFiles.model.path, "--classes": "cat,dog", "--background": "none",
        "--templates": "plain",
      ]
      let arguments = standard.merging(options) { $1 }.filter { $0.value != "" }.sorted { $0.key < $1.key }
      let outcome = try Program.run(
        ["segment", "in", "--skip-existing", "--report", "-", "--quiet"] + flags
          + arguments.flatMap { [$0.key, $0.value] }, in: segmenting.folder.url)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      return Set(try ReportTests.lines(outcome.output).compactMap { $0["status"] as? String })
    }
    XCTAssertEqual(try run([:]), ["done"])
    for changed in [
      ["--classes": "dog,cat"], ["--classes": "cat,dog=dog|puppy"],
      ["--classes": "cat,dog=dog|puppy", "--synonyms": "mean"], ["--background": "distractors"],
      ["--background": "sky"], ["--templates": "vild"], ["--templates": "t.txt"], ["--threshold": "0.2"],
      ["--size": "64"], ["--resample": "bilinear"], ["--model": "other.safetensors"], ["--labels": "labels"],
      ["--classes": "", "--vocabulary": "voc-20"], ["--scales": "0.5,1"], ["--window": "64"],
      ["--window": "64", "--overlap": "0.5"], ["--opacity": "0.3"], ["--cutout": "cat"], ["--cutout": "dog"],
    ] {
      XCTAssertEqual(try run(changed), ["done"], "\(changed)")
      XCTAssertEqual(try run(changed), ["skipped"], "\(changed)")
    }
    // The sentences count, not the file that they are in; nor do threads, jobs, or the words that mean the same.
    try segmenting.addFile("t.txt", Array("an {}\n".utf8))
    XCTAssertEqual(try run(["--templates": "t.txt"]), ["done"])
    XCTAssertEqual(try run(["--templates": "t.txt", "--threads": "1", "--jobs": "1"]), ["skipped"])
    XCTAssertEqual(try run([:]), ["done"])
    XCTAssertEqual(try run(["--size": "", "--resample": "bicubic", "--output": "./segmented"]), ["skipped"])
    for flag in ["--flip", "--no-contours", "--no-legend", "--side-by-side"] {
      XCTAssertEqual(try run([:], [flag]), ["done"], flag)
      XCTAssertEqual(try run([:], [flag]), ["skipped"], flag)
    }
    XCTAssertEqual(try run(["--labels": "labels"], ["--no-overlay"]), ["done"])
  }

  /// Each option of `segment` has been thought of: it counts for the comparison, or cannot change what is written.
  func testEveryOptionIsDecided() throws {
    let help = try Program.run(["segment", "--help"], in: FileManager.default.temporaryDirectory).output
    let options = Set(help.matches(of: /(?m)^  (--[a-z-]+)/).map { String($0.1) })
    let counting: Set = [
      "--classes", "--classes-file", "--vocabulary", "--synonyms", "--templates", "--background",
      "--threshold", "--output", "--no-overlay", "--opacity", "--contours", "--legend", "--side-by-side",
      "--cutout", "--cutout-output", "--labels", "--json", "--mask-dir", "--scores", "--scores-format",
      "--model", "--config", "--size", "--resample", "--scales", "--flip", "--window", "--overlap", "--coco",
      "--coco-masks", "--truncated", "--labels-as", "--cutout-background", "--yolo", "--labelme",
      "--min-area", "--simplify", "--precision", "--picture-format",
    ]
    let others: Set = [
      "--list", "--exclude", "--jobs", "--report", "--skip-existing", "--overwrite", "--shard", "--quiet",
      "--threads", "--cache", "--no-cache", "--version",
      // Of videos, which are done one by one.
      "--every",
    ]
    XCTAssertEqual(
      options, counting.union(others),
      "an option that changes outputs has to be in RunSettings; then add it to one of these sets")
  }

  func testDamagedRecords() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/b.png")
    // With one job the record is in the images' order.
    XCTAssertEqual(try statuses(segmenting, ["in", "--jobs", "1"]), ["a.png": "done", "b.png": "done"])
    let record = try segmenting.folder.bytes("segmented/.san-run.jsonl")
    // Cut within its last line, as by a power failure; and with what is no record at all.
    try segmenting.addFile("segmented/.san-run.jsonl", record.dropLast(20))
    XCTAssertEqual(try statuses(segmenting, ["in", "--overwrite"]), ["a.png": "skipped", "b.png": "done"])
    XCTAssertEqual(try statuses(segmenting, ["in"]), ["a.png": "skipped", "b.png": "skipped"])
    try segmenting.addFile("segmented/.san-run.jsonl", [0xFF, 0, 0x0A] + Array("{}\n[1]\n{\"run\": 1}".utf8))
    XCTAssertEqual(try statuses(segmenting, ["in", "--overwrite"]), ["a.png": "done", "b.png": "done"])
    XCTAssertEqual(try statuses(segmenting, ["in"]), ["a.png": "skipped", "b.png": "skipped"])
  }

  /// What somebody has corrected by hand stays, and so does a file that no run has made: it may be a photo.
  func testFilesThatNoRecordAccountsForStay() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.jpg", "b.jpg", "a.png")
    let photo = try segmenting.folder.bytes("a.png")
    let options = ["a.jpg", "b.jpg", "--no-overlay", "--labels", ".", "--report", "-", "--quiet"]
    func statuses(_ more: [String] = []) throws -> (statuses: [String?], errors: String, status: Int32) {
      let outcome = try segmenting.run(options + more)
      let lines = try ReportTests.lines(outcome.output)
      return (lines.map { $0["status"] as? String }, outcome.errors, outcome.status)
    }
    let first = try statuses()
    XCTAssertEqual(first.statuses, ["failed", "done"])
    XCTAssertEqual(first.status, 65)
    XCTAssert(
      first.errors.contains("./a.png: exists and is not what an earlier run has written"), first.errors)
    XCTAssertEqual(try segmenting.folder.bytes("a.png"), photo)
    // Its own outputs a run replaces, whatever the settings that made them.
    XCTAssertEqual(try statuses(["--size", "64"]).statuses, ["failed", "done"])
    let corrected = try ToyFiles.png(width: 24, height: 16)
    try segmenting.addFile("b.png", corrected)
    for more in [[], ["--skip-existing"]] {
      let again = try statuses(more)
      XCTAssertEqual(again.statuses, ["failed", "failed"], "\(more)")
      XCTAssertEqual(again.status, 65)
      XCTAssert(again.errors.contains("./b.png: exists and is not"), again.errors)
      XCTAssertEqual(try segmenting.folder.bytes("b.png"), corrected)
    }
    XCTAssertEqual(try statuses(["--overwrite"]).statuses, ["done", "done"])
    XCTAssertNotEqual(try segmenting.folder.bytes("a.png"), photo)
    XCTAssertNotEqual(try segmenting.folder.bytes("b.png"), corrected)
    XCTAssertEqual(try statuses(["--skip-existing"]).statuses, ["skipped", "skipped"])
    // A mask that was edited stays, too.
    let masks = ["a.jpg", "b.jpg", "--no-overlay", "--mask-dir", "masks"]
    XCTAssertEqual(try segmenting.run(masks).status, 0)
    try segmenting.addFile("masks/b/001-dog.png", corrected)
    let outcome = try segmenting.run(masks)
    XCTAssertEqual(outcome.status, 65)
    XCTAssertEqual(outcome.images, ["a.jpg"])
    XCTAssert(outcome.errors.contains("masks/b/001-dog.png: exists and is not"), outcome.errors)
    XCTAssertEqual(try segmenting.folder.bytes("masks/b/001-dog.png"), corrected)
  }

  func testShards() throws {
    let segmenting = try Segmenting()
    let names = (0..<7).map { "in/\($0 % 2 == 0 ? "x/" : "")\($0).png" } + ["in/x/0.jpg"]
    for name in names { try segmenting.addPictures(name) }
    let whole = try segmenting.run(["in", "--output", "whole"])
    XCTAssertEqual(whole.images.count, 8)
    var all: [[String]] = []
    for number in 1...3 {
      let outcome = try segmenting.run(["in", "--output", "parts", "--shard", "\(number)/3"])
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssertEqual(
        outcome.images, whole.images.enumerated().filter { $0.offset % 3 == number - 1 }.map(\.element))
      all.append(outcome.images)
    }
    XCTAssertEqual(all.flatMap { $0 }.sorted(), whole.images.sorted())
    // Parts give images the names that the whole job gives them.
    let files = try segmenting.outputs("parts")
    XCTAssertEqual(files, try segmenting.outputs("whole"))
    for file in files {
      XCTAssert(try segmenting.folder.bytes("parts/\(file)") == segmenting.folder.bytes("whole/\(file)"))
    }
    // Another split of the job, and the whole of it, know what these parts have done.
    for more in [[], ["--shard", "2/2"]] {
      let outcome = try segmenting.run(["in", "--output", "parts", "--skip-existing"] + more)
      XCTAssertEqual(outcome.errorLines.last?.hasPrefix("0 images done"), true, outcome.errors)
    }
    // More parts than images: the last ones have nothing to do.
    let empty = try segmenting.run(["in", "--output", "parts", "--shard", "9/9"])
    XCTAssertEqual(empty.status, 0, empty.errors)
    XCTAssertEqual(empty.images, [])
    for shard in ["0/3", "4/3", "1", "1/0", "a/b", "1/2/3", "-1/2", ""] {
      let outcome = try segmenting.run(["in", "--shard", shard])
      XCTAssertEqual(outcome.status, 64, shard)
      XCTAssert(outcome.errors.contains("--shard"), outcome.errors)
    }
  }

  func testSkippingNeedsAnOutput() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png")
    let outcome = try segmenting.run(["in", "--no-overlay", "--skip-existing"])
    XCTAssertEqual(outcome.status, 64)
    XCTAssert(outcome.errors.contains("--skip-existing"), outcome.errors)
  }
}
