import Foundation
import XCTest

/// What is wrong with an option's value: the option, the value, what is wrong, and what to do where that is not plain.
final class OptionErrorTests: XCTestCase {
  /// A folder with a photo, a photo with its labels, and a folder of photos.
  private func makeFolder() throws -> Scratch {
    let eval = try Evaluating()
    try eval.add("a", width: 2, height: 2, labels: [0, 0, 0, 255])
    try eval.addFile("photo.png", ToyFiles.png(width: 9, height: 8))
    return eval.folder
  }

  private let model = ["--model", ToyFiles.model.path]
  private let classes = ["--classes", "cat", "--templates", "plain"]

  private func assertErrors(
    _ command: [String], _ cases: [(arguments: [String], status: Int32, error: String)],
    line: UInt = #line
  ) throws {
    let folder = try makeFolder()
    let before = try folder.contents()
    for (arguments, status, error) in cases {
      let outcome = try Program.run(command + arguments, in: folder.url)
      XCTAssertEqual(outcome.status, status, outcome.errors, line: line)
      XCTAssert(outcome.errors.hasPrefix("san-cli: \(error)"), "\(error): \(outcome.errors)", line: line)
      XCTAssertEqual(outcome.errorLines.count, 1, outcome.errors, line: line)
      XCTAssertEqual(outcome.output, "", line: line)
    }
    XCTAssert(try folder.contents() == before, line: line)
  }

  /// Class names without commas, and what makes one photo several.
  func testWhatMakesSeveralPhotos() throws {
    let commas = "classes are separated by commas: --classes \"…,"
    try assertErrors(
      ["segment"],
      [
        (
          ["photo.png", "--classes", "cat", "dog"], 64,
          "--classes: \"dog\" after it is taken for a photo, and there is no such file; \(commas)dog\""
        ),
        (
          ["--classes", "cat", "dog", "bird", "photo.png"], 64,
          "--classes: \"dog\" after it is taken for a photo"
        ),
        (["photo.png", "--classes=cat", "dog"], 64, "--classes: \"dog\" after it"),
        (
          ["photo.png", "--output", "x.png", "--report", "r.jsonl"] + classes, 64,
          "--output: x.png is a name for a file, but --report takes one photo as several; name a folder"
        ),
        (
          ["photo.png", "--output", "x.png", "--shard", "1/2"] + classes, 64,
          "--output: x.png is a name for a file, but --shard"
        ),
        (
          ["photo.png", "images", "--output", "x.png"] + classes, 64,
          "--output: x.png is a name for a file, but images is a folder of photos; name a folder"
        ),
        (
          ["photo.png", "b.png", "--labels", "-"] + classes, 64,
          "--labels: several photos do not go to standard output, and 2 photos are named (photo.png, b.png); name a folder"
        ),
        (
          ["*.png", "--output", "x.png"] + classes, 64,
          "--output: x.png is a name for a file, but *.png is a pattern"
        ),
        (
          ["--list", "l", "--output", "x.png"] + classes, 64,
          "--output: x.png is a name for a file, but --list may name"
        ),
      ])
    try assertErrors(
      ["eval", "--images", "images", "--labels", "labels"],
      [(["--classes", "cat", "dog"], 64, "--classes: \"dog\" after it is no option's value; \(commas)dog\"")])
    // A photo that is missing is told as such.
    try assertErrors(["segment"], [(["--classes", "cat", "gone.png"], 66, "gone.png: cannot be read")])
  }

  func testFilesThatAreRead() throws {
    let missing = "nothing: cannot be opened: No such file or directory"
    try assertErrors(
      ["segment", "photo.png"],
      [
        (model + classes + ["--config", "nothing"], 66, "--config: \(missing)"),
        (model + classes + ["--config", "photo.png"], 65, "--config: photo.png: "),
        (model + ["--classes-file", "nothing"], 66, "--classes-file: \(missing)"),
        (model + ["--classes-file", "photo.png"], 65, "--classes-file: photo.png: is not UTF-8 text"),
        (model + classes + ["--list", "nothing"], 66, "--list: \(missing)"),
        (model + classes + ["--list", "images"], 66, "--list: images: is not a regular file"),
        (
          model + ["--classes", "cat", "--templates", "nothing"], 66,
          "--templates: nothing: is not one of vild, imagenet, plain, nor can such a file be opened"
        ),
        (classes + ["--model", "nothing"], 66, "--model: nothing: there is no such model or file"),
        (classes + ["--model", "san-vit-b16"], 66, "--model: san-vit-b16: is not installed"),
        (classes + ["--model", "photo.png"], 65, "--model: photo.png: "),
      ])
    try assertErrors(["info"], [([ToyFiles.model.path, "--config", "nothing"], 66, "--config: \(missing)")])
    try assertErrors(
      ["convert"],
      [([ToyFiles.model.path, "x.safetensors", "--config", "nothing"], 66, "--config: \(missing)")])
    try assertErrors(
      ["benchmark"],
      [
        (["--model", "nothing"], 66, "--model: nothing: there is no such model or file"),
        (model + ["--config", "nothing"], 66, "--config: \(missing)"),
      ])
  }

  func testWhatIsEvaluated() throws {
    let missing = "nothing: cannot be opened: No such file or directory"
    let folder = "nothing: the folder cannot be read: No such file or directory"
    try assertErrors(
      ["eval"] + model + classes,
      [
        (["--images", "nothing", "--labels", "labels"], 66, "--images: \(folder)"),
        (["--images", "images", "--labels", "nothing"], 66, "--labels: \(folder)"),
      ])
    try assertErrors(
      ["eval", "--images", "images", "--labels", "labels"] + model + classes,
      [
        (["--list", "nothing"], 66, "--list: \(missing)"),
        (["--label-names", "nothing"], 66, "--label-names: \(missing)"),
        (["--csv", "nowhere/x"], 73, "--csv: nowhere/x: the folder nowhere does not exist; make it first"),
        (["--state", "images"], 73, "--state: images: is a folder; name a file in it"),
        (
          ["--predictions", "photo.png"], 73,
          "--predictions: photo.png: is not a folder; choose another place"
        ),
      ])
  }

  func testPlacesThatAreWritten() throws {
    let missing = "nowhere/x.json: the folder nowhere does not exist; make it first"
    try assertErrors(
      ["segment", "photo.png"] + model + classes,
      [
        (["--output", "new/x.png"], 73, "--output: new/x.png: the folder new does not exist; make it first"),
        (["--json", "nowhere/x.json"], 73, "--json: \(missing)"),
        (["--coco", "nowhere/x.json"], 73, "--coco: \(missing)"),
        (["--report", "nowhere/x.json"], 73, "--report: \(missing)"),
        (["--mask-dir", "photo.png"], 73, "--mask-dir: photo.png: is not a folder; choose another place"),
        (
          ["--mask-dir", "photo.png/x"], 73,
          "--mask-dir: photo.png/x: photo.png is not a folder; choose another place"
        ),
      ])
    try assertErrors(
      ["segment", "images"] + model + classes,
      [(["--output", "photo.png"], 73, "--output: photo.png: is not a folder; choose another place")])
  }

  /// A cache that cannot be is no error; the note says the same of it.
  func testCache() throws {
    let folder = try makeFolder()
    let outcome = try Program.run(
      ["segment", "photo.png", "--cache", "images/a.png"] + model + classes, in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(
      outcome.errorLines.first,
      "san-cli: note: the embeddings of class names are not kept: "
        + "--cache: images/a.png: is not a folder; choose another place")
  }
}
