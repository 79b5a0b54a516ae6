import Foundation
import SANInference
import XCTest

/// `--mask-dir`: a folder has the masks of one run, and whatever the user has put beside them.
final class MaskFolderTests: XCTestCase {
  private func segment(_ folder: Scratch, classes: String, _ options: [String] = []) throws {
    let outcome = try Program.run(arguments(classes: classes) + options, in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
  }

  private func arguments(classes: String) -> [String] {
    [
      "segment", "photo.png", "--no-overlay", "--mask-dir", "masks", "--model", ToyFiles.model.path,
      "--templates", "plain", "--background", "none", "--classes", classes,
    ]
  }

  private func masks(_ folder: Scratch) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder["masks"].path).filter { !$0.hasPrefix(".") }
      .sorted()
  }

  func testMasksOfAnEarlierRun() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 20, height: 16), to: "photo.png")
    try segment(folder, classes: "cat,dog,bird", ["--threshold", "0.1"])
    XCTAssertEqual(try masks(folder), ["000-cat.png", "001-dog.png", "002-bird.png", "other.png"])
    try segment(folder, classes: "dog,cat")
    XCTAssertEqual(try masks(folder), ["000-dog.png", "001-cat.png"])
    try segment(folder, classes: "dog,cat")
    XCTAssertEqual(try masks(folder), ["000-dog.png", "001-cat.png"])
  }

  /// Nothing goes that may be the user's: files of other names, of like names, changed masks, links.
  func testWhatIsTheUsers() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 20, height: 16), to: "photo.png")
    try segment(folder, classes: "cat,dog,bird,fox,cow")
    let mask = try folder.bytes("masks/000-cat.png")
    try folder.write(mask, to: "masks/003-own.png")
    try folder.write(Array("notes".utf8), to: "masks/notes.txt")
    // Painted over by hand; put in a mask's place as a link to a copy of it.
    try folder.write(
      PNGWriter.encode(gray: Array(repeating: 255, count: 20 * 16), width: 20, height: 16),
      to: "masks/001-dog.png")
    let manager = FileManager.default
    try manager.moveItem(at: folder["masks/002-bird.png"], to: folder["kept.png"])
    try manager.createSymbolicLink(
      atPath: folder["masks/002-bird.png"].path, withDestinationPath: "../kept.png")
    try segment(folder, classes: "horse")
    XCTAssertEqual(
      try masks(folder), ["000-horse.png", "001-dog.png", "002-bird.png", "003-own.png", "notes.txt"])
    XCTAssert(manager.fileExists(atPath: folder["kept.png"].path))

    // A record that is damaged, or names what lies elsewhere, removes nothing.
    let record = folder["masks/.san-masks.jsonl"]
    let text = String(decoding: try Data(contentsOf: record), as: UTF8.self)
    let elsewhere = text.replacingOccurrences(of: "000-horse.png", with: "../photo.png")
    for damaged in ["", "{}\n[]\nnonsense", elsewhere, text.replacingOccurrences(of: "sha256", with: "x")] {
      try segment(folder, classes: "horse")
      try Data(damaged.utf8).write(to: record)
      try segment(folder, classes: "cat")
      XCTAssert(try masks(folder).contains("000-horse.png"), damaged)
      XCTAssert(manager.fileExists(atPath: folder["photo.png"].path))
    }
  }

  #if os(Linux)
    /// Where a run ends before its outputs are there, the masks of the one before stay.
    func testAfterAFailure() throws {
      let folder = try Scratch()
      try folder.write(ToyFiles.png(width: 20, height: 16), to: "photo.png")
      try segment(folder, classes: "cat")
      let outcome = try Program.run(
        arguments(classes: "dog") + ["--json", "-"], in: folder.url,
        output: URL(fileURLWithPath: "/dev/full"))
      XCTAssertEqual(outcome.status, 74, outcome.errors)
      XCTAssertEqual(try masks(folder), ["000-cat.png"])
      try segment(folder, classes: "bird")
      XCTAssertEqual(try masks(folder), ["000-bird.png"])
    }
  #endif
}
