import Foundation
import SANInference
import XCTest

/// One image on standard input, one result on standard output.
final class PipeTests: XCTestCase {
  /// Runs the program with a picture on standard input and returns what it prints, byte for byte.
  private func run(_ segmenting: Segmenting, _ arguments: [String]) throws -> (Program.Outcome, [UInt8]) {
    try Data().write(to: segmenting.folder["printed"])
    let outcome = try Program.run(
      ["segment"] + arguments + Segmenting.common, in: segmenting.folder.url,
      input: segmenting.folder["photo.png"],
      output: segmenting.folder["printed"])
    return (outcome, try segmenting.folder.bytes("printed"))
  }

  func testPipes() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("photo.png")
    let single = try segmenting.run(["photo.png", "--output", "overlay.png", "--labels", "labels.png"])
    XCTAssertEqual(single.status, 0, single.errors)
    let overlay = try segmenting.folder.bytes("overlay.png")
    let labels = try segmenting.folder.bytes("labels.png")

    var (outcome, printed) = try run(segmenting, ["-"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(printed == overlay)
    // What takes standard output leaves none to the overlay, which is told.
    (outcome, printed) = try run(segmenting, ["-", "--labels", "-"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(printed == labels)
    XCTAssertEqual(
      outcome.errors, "no overlay is written: --labels takes standard output (see --output, --no-overlay)\n")
    (outcome, printed) = try run(segmenting, ["-", "--labels", "-", "--no-overlay"])
    XCTAssert(printed == labels)
    XCTAssertEqual(outcome.errors, "")
    // A file's result can go to standard output too, and an overlay to a file all the same.
    (outcome, printed) = try run(segmenting, ["photo.png", "--labels", "-", "--output", "again.png"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(printed == labels)
    XCTAssert(try segmenting.folder.bytes("again.png") == overlay)
    (outcome, printed) = try run(segmenting, ["-", "--output", "folder/", "--labels", "l.png"])
    XCTAssertEqual(outcome.status, 73, outcome.errors)
    (outcome, printed) = try run(segmenting, ["-", "--output", "."])
    XCTAssertEqual(String(decoding: printed, as: UTF8.self), single.output)
    XCTAssert(try segmenting.folder.bytes("stdin.segmented.png") == overlay)
    (outcome, printed) = try run(segmenting, ["-", "--json", "-", "--quiet"])
    XCTAssertEqual(outcome.errors, "")
    let report = try XCTUnwrap(try JSONSerialization.jsonObject(with: Data(printed)) as? [String: Any])
    XCTAssertEqual((report["image"] as? [String: Any])?["path"] as? String, "-")

    XCTAssertEqual(
      Set(try segmenting.files(".")),
      ["again.png", "labels.png", "overlay.png", "photo.png", "printed", "stdin.segmented.png"])
  }

  /// A cut-out of a photo from a pipe goes where it is told, or to the overlay's folder.
  func testCutouts() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("photo.png")
    let single = try segmenting.run([
      "photo.png", "--no-overlay", "--cutout", "cat", "--cutout-output", "c.png",
    ])
    XCTAssertEqual(single.status, 0, single.errors)
    let cutout = try segmenting.folder.bytes("c.png")
    let (outcome, printed) = try run(segmenting, ["-", "--cutout", "cat", "--cutout-output", "-"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(printed == cutout)
    XCTAssert(outcome.errors.hasPrefix("no overlay is written: --cutout-output takes"), outcome.errors)
    try segmenting.addFile("out/old", [])
    let folder = try segmenting.run(["-", "--output", "out", "--cutout", "cat"], input: "photo.png")
    XCTAssertEqual(folder.status, 0, folder.errors)
    XCTAssert(try segmenting.folder.bytes("out/stdin.cutout.png") == cutout)
    for options in [[], ["--no-overlay"], ["--labels", "-"], ["--output", "-"]] {
      let outcome = try segmenting.run(["-", "--cutout", "cat"] + options, input: "photo.png")
      XCTAssertEqual(outcome.status, 64, outcome.errors)
      XCTAssert(outcome.errors.hasPrefix("san-cli: --cutout: "), outcome.errors)
      XCTAssert(outcome.errors.contains("--cutout-output"), outcome.errors)
    }
    XCTAssertEqual(
      try segmenting.files("."),
      ["c.png", "out/old", "out/stdin.cutout.png", "out/stdin.segmented.png", "photo.png", "printed"])
  }

  /// Text that a run reads may come through a pipe, as a shell's `<(…)` does.
  func testTextThroughPipes() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("photo.png")
    try segmenting.addFile("list", Array("photo.png\n".utf8))
    let pipes = """
      mkfifo classes sentences paths
      echo cat > classes & echo "a {}" > sentences & cat list > paths & exec "$0" "$@"
      """
    let outcome = try Program.run(
      [
        "segment", "--list", "paths", "--classes-file", "classes", "--templates", "sentences", "--background",
        "none", "--model", ToyFiles.model.path,
      ], in: segmenting.folder.url, shell: pipes)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(outcome.rows.map { $0[..<2] }, [["photo.png", "cat"]])
  }

  func testWhatDoesNotGoThroughPipes() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("photo.png")
    for (arguments, name) in [
      (["-", "--output", "-", "--labels", "-"], "--labels"),
      (["photo.png", "--json", "-", "--output", "-"], "--json"),
      (["-", "--scores", "-"], "--scores"),
    ] {
      let outcome = try segmenting.run(arguments, input: "photo.png")
      XCTAssertEqual(outcome.status, 64, outcome.errors)
      XCTAssert(outcome.errors.contains(name), outcome.errors)
      XCTAssertEqual(outcome.output, "")
    }
    try segmenting.addFile("text", Array("no picture".utf8))
    try segmenting.addFile("empty", [])
    for name in ["text", "empty"] {
      let outcome = try segmenting.run(["-"], input: name)
      XCTAssertEqual(outcome.status, 65, outcome.errors)
      XCTAssert(outcome.errors.hasPrefix("san-cli: standard input: "), outcome.errors)
      XCTAssertEqual(outcome.output, "")
    }
    XCTAssertEqual(try segmenting.files("."), ["empty", "photo.png", "text"])
  }
}
