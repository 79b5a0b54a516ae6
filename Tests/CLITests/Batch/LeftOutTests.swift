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
      notes(outcome),
      [
        "left out: 4 pictures of formats that are not read (2 jxl, 1 nef, 1 psd); convert them",
        "left out: 1 other file (1 txt)",
      ])
    try FileManager.default.removeItem(at: segmenting.folder["in/a.png"])
    let none = try segmenting.run(["in/*.nef", "--no-overlay"])
    XCTAssertEqual(none.status, 66)
    XCTAssertEqual(
      none.errors,
      "san-cli: in/*.nef: no photo matches (left out: 1 picture of a format that is not read (1 nef); convert it)\n"
    )
  }

  func testExclude() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures(
      "in/a.png", "in/a_mask.png", "in/old/b.png", "in/sub/old/c.png", "in/sub/d.jpg", "in/sub/e_mask.jpg",
      "f.png")
    for (patterns, expected) in [
      (["*_mask.*"], ["f.png", "in/a.png", "in/old/b.png", "in/sub/d.jpg", "in/sub/old/c.png"]),
      (["*_mask.*", "old"], ["f.png", "in/a.png", "in/sub/d.jpg"]),
      (
        ["in/old"],
        ["f.png", "in/a.png", "in/a_mask.png", "in/sub/d.jpg", "in/sub/e_mask.jpg", "in/sub/old/c.png"]
      ),
      (
        ["sub/**/*.png", "f.*"],
        ["in/a.png", "in/a_mask.png", "in/old/b.png", "in/sub/d.jpg", "in/sub/e_mask.jpg"]
      ),
      (
        [segmenting.folder.url.path + "/in/*"],
        [
          "f.png", "in/a.png", "in/a_mask.png", "in/old/b.png", "in/sub/d.jpg", "in/sub/e_mask.jpg",
          "in/sub/old/c.png",
        ]
      ),
    ] {
      for inputs in ["in", "in/**"] {
        let outcome = try segmenting.run(
          [inputs, "f.png", "--no-overlay"] + patterns.flatMap { ["--exclude", $0] })
        XCTAssertEqual(outcome.status, 0, outcome.errors)
        XCTAssertEqual(outcome.images.sorted(), expected, "\(patterns), \(inputs)")
      }
    }
    let told = try segmenting.run(["in", "--no-overlay", "--exclude", "old"])
    let note = try XCTUnwrap(notes(told).first)
    XCTAssert(note.hasPrefix("left out: 2 files or folders, such as in/"), note)
    for inputs in [["in/a.png"], ["in/a.png", "f.png"], ["in"]] {
      let none = try segmenting.run(inputs + ["--no-overlay", "--exclude", "*"])
      XCTAssertEqual(none.status, 66, none.errors)
      XCTAssertEqual(none.errorLines.count, 1)
    }
    XCTAssertEqual(try segmenting.run(["in", "--exclude", ""]).status, 64)
  }

  /// A folder below that cannot be read is told of, and everything else is done.
  func testFoldersThatCannotBeRead() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/lost+found/x.png", "in/z/b.png")
    let locked = segmenting.folder["in/lost+found"].path
    func close(_ path: String, _ mode: Int) throws {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }
    try close(locked, 0)
    defer { try? close(locked, 0o700) }
    // The system lets root read everything.
    let setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].first(where: FileManager.default.isExecutableFile)
    if geteuid() == 0, setpriv == nil { throw XCTSkip("there is no setpriv, and root reads everything") }
    let shell = geteuid() == 0 ? "exec \(setpriv ?? "") --reuid 65534 --clear-groups \"$0\" \"$@\"" : nil
    func run(_ arguments: [String]) throws -> Program.Outcome {
      try Program.run(
        ["segment"] + arguments + ["--no-overlay", "--no-cache"] + Segmenting.common,
        in: segmenting.folder.url,
        shell: shell)
    }
    for inputs in ["in", "in/**/*.png", "in/**"] {
      let outcome = try run([inputs])
      XCTAssertEqual(outcome.status, 65, outcome.errors)
      XCTAssertEqual(outcome.images, ["in/a.png", "in/z/b.png"], inputs)
      let told = outcome.errorLines.filter { $0.contains("in/lost+found: the folder cannot be read") }
      XCTAssertEqual(told.count, 1, outcome.errors)
      XCTAssert(outcome.errors.contains("san-cli: 1 folder could not be read; the errors above say why"))
    }
    let left = try run(["in", "--exclude", "lost+found"])
    XCTAssertEqual(left.status, 0, left.errors)
    // Whoever names it wants what is in it.
    let named = try run(["in", "in/lost+found"])
    XCTAssertEqual(named.status, 66, named.errors)
    XCTAssertEqual(named.output, "")
  }

  func testFilesAreCountedByTheirEndings() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/b.jfif", "in/c.JPE")
    for name in ["x.txt", "y.TXT", "z.mov", "readme", "sub/w.xml"] {
      try segmenting.addFile("in/\(name)", Array("text".utf8))
    }
    let outcome = try segmenting.run(["in", "--no-overlay"])
    XCTAssertEqual(outcome.images, ["in/a.png", "in/b.jfif", "in/c.JPE"])
    XCTAssertEqual(
      notes(outcome), ["left out: 5 other files (2 txt, 1 without an ending, 1 mov, 1 xml)"])
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
