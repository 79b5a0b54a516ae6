import Foundation
import XCTest

/// What is found in folders and is not taken for a photo, and how that is told.
final class LeftOutTests: XCTestCase {
  private func notes(_ outcome: Program.Outcome) -> [String] {
    outcome.errorLines.filter { $0.hasPrefix("left out: ") }.map(String.init)
  }

  /// The folders that an earlier run wrote to, though this one does not.
  func testEarlierOutputFolders() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/p.png", "in/q.png")
    let first = try segmenting.run([
      "in", "--output", "in/out", "--labels", "in/sub/lab", "--mask-dir", "in/masks", "--cutout", "cat",
      "--cutout-output", "in/cut",
    ])
    XCTAssertEqual(first.status, 0, first.errors)
    XCTAssertEqual(notes(first), [])
    for inputs in ["in", "in/**/*.png"] {
      let second = try segmenting.run([inputs, "--output", "in/out"])
      XCTAssertEqual(second.status, 0, second.errors)
      XCTAssertEqual(second.images, ["in/p.png", "in/q.png"], inputs)
      let note = try XCTUnwrap(notes(second).first)
      XCTAssert(note.hasPrefix("left out: 3 folders of earlier outputs, such as in/"), note)
    }
    // Which one is the example depends on the file system's order, unless there is but one.
    for folder in ["in/masks", "in/cut"] {
      try FileManager.default.removeItem(at: segmenting.folder[folder])
    }
    XCTAssertEqual(
      notes(try segmenting.run(["in", "--output", "in/out"])),
      ["left out: 1 folder of earlier outputs, in/sub/lab; name it to have it segmented"])
    XCTAssertEqual(
      try segmenting.run(["in/sub/lab", "--output", "x"]).images, ["in/sub/lab/p.png", "in/sub/lab/q.png"])
    XCTAssertEqual(notes(try segmenting.run(["in", "--output", "in/out", "--quiet"])), [])
    // As the file in it says.
    let marker = segmenting.folder["in/sub/lab/.san-outputs"]
    XCTAssert(String(decoding: try Data(contentsOf: marker), as: UTF8.self).contains("Delete this file"))
    try FileManager.default.removeItem(at: marker)
    XCTAssertEqual(try segmenting.run(["in", "--output", "in/out"]).images.count, 4)
  }

  /// Outputs may go to a folder of photos, which stays one.
  func testFoldersOfPhotosAreNotMarked() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("all/in/p.png", "all/in/deep/q.png")
    let first = try segmenting.run(["all/in/p.png", "all/in/p.png", "--output", "all/in", "--labels", "all"])
    XCTAssertEqual(first.status, 0, first.errors)
    let second = try segmenting.run(["all", "--output", "out"])
    XCTAssertEqual(second.images, ["all/in/deep/q.png", "all/in/p.png", "all/p.png"])
    XCTAssertEqual(
      notes(second),
      ["left out: 1 earlier output beside its photo, all/in/p.segmented.png; name it to have it segmented"])
  }

  func testOutputsBesidePhotos() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures(
      "in/a.JPG", "in/a.segmented.png", "in/a.cutout.png", "in/b.segmented.png", "in/c.jpg",
      "in/c.jpg.segmented.png", "in/sub/c.segmented.png", "in/plain", "in/plain.cutout.png",
      "in/.segmented.png")
    for inputs in ["in", "in/**"] {
      let outcome = try segmenting.run([inputs, "--no-overlay"])
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssertEqual(
        outcome.images, ["in/a.JPG", "in/b.segmented.png", "in/c.jpg", "in/plain", "in/sub/c.segmented.png"])
      let note = try XCTUnwrap(notes(outcome).first)
      XCTAssert(note.hasPrefix("left out: 4 earlier outputs beside their photos, such as in/"), note)
    }
    // Whoever names one means it.
    let named = try segmenting.run(["in/a.JPG", "in/a.segmented.png", "--no-overlay"])
    XCTAssertEqual(named.images, ["in/a.JPG", "in/a.segmented.png"])
    XCTAssertEqual(notes(named), [])
  }

  func testOtherFormats() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png")
    for name in ["in/b.nef", "in/c.JXL", "in/d.jxl", "in/sub/e.psd", "in/notes.txt", "in/.hidden.gif"] {
      try segmenting.addFile(name, Array("no picture".utf8))
    }
    let outcome = try segmenting.run(["in", "--no-overlay"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(
      notes(outcome), ["left out: 4 files that are not JPEG or PNG (jxl, nef, psd); convert them"])
    try FileManager.default.removeItem(at: segmenting.folder["in/a.png"])
    let none = try segmenting.run(["in/*.nef", "--no-overlay"])
    XCTAssertEqual(none.status, 66)
    XCTAssertEqual(
      none.errors,
      "san-cli: in/*.nef: no JPEG or PNG matches (left out: 1 file that is not JPEG or PNG (nef); convert it)\n"
    )
  }

  #if os(Linux)
    /// Other systems have no such names.
    func testNamesThatAreNotUTF8() throws {
      let segmenting = try Segmenting()
      try segmenting.addPictures("in/a.png")
      let picture = try segmenting.folder.bytes("in/a.png")
      func add(_ name: [UInt8]) {
        let path = Array(segmenting.folder.url.path.utf8) + Array("/in/".utf8) + name + [0]
        let file = path.withUnsafeBytes {
          open($0.baseAddress!.assumingMemoryBound(to: CChar.self), O_WRONLY | O_CREAT, 0o600)
        }
        XCTAssertEqual(write(file, picture, picture.count), picture.count)
        close(file)
      }
      add([0x62, 0xE4] + Array(".png".utf8))
      add([0xE4])
      let outcome = try segmenting.run(["in", "--output", "out"])
      XCTAssertEqual(outcome.status, 65, outcome.errors)
      XCTAssertEqual(outcome.images, ["in/a.png"])
      XCTAssert(
        outcome.errors.contains("san-cli: in/b\u{FFFD}.png: its name is not UTF-8; rename it\n"),
        outcome.errors)
      XCTAssertEqual(
        notes(outcome), ["left out: 1 name that is not UTF-8, in/\u{FFFD}; rename it"])
      // Where labels are wanted for it, it stops the run before any work.
      let eval = try Program.run(
        ["eval", "--images", "in", "--labels", "in", "--classes", "cat", "--model", ToyFiles.model.path],
        in: segmenting.folder.url)
      XCTAssertEqual(eval.status, 66)
      XCTAssertEqual(eval.errors, "san-cli: in/b\u{FFFD}.png: its name is not UTF-8; rename it\n")
    }
  #endif
}
