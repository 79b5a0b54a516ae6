import Foundation
import SANInference
import XCTest

/// What `eval` refuses: one line that names what is wrong and the way out, before anything is written.
final class EvalErrorTests: XCTestCase {
  private func assertFails(
    _ eval: Evaluating, _ arguments: [String] = [], status: Int32, naming names: String...,
    line: UInt = #line
  ) throws {
    let before = try eval.folder.contents()
    let outcome = try eval.run(arguments + ["--quiet"])
    XCTAssertEqual(outcome.status, status, outcome.errors, line: line)
    XCTAssertEqual(outcome.output, "", line: line)
    XCTAssertEqual(outcome.errorLines.count, 1, outcome.errors, line: line)
    for name in names { XCTAssert(outcome.errors.contains(name), "\(name): \(outcome.errors)", line: line) }
    let after = try eval.folder.contents()
    XCTAssert(before == after, line: line)
  }

  private func make(_ labels: [UInt16] = [0, 1, 2, 255]) throws -> Evaluating {
    let eval = try Evaluating()
    try eval.add("a", width: 2, height: 2, labels: labels)
    return eval
  }

  func testPairs() throws {
    let eval = try make()
    try eval.addFile("images/b/c.jpg", ToyFiles.jpeg)
    try assertFails(eval, status: 66, naming: "images/b/c.jpg", "labels/b/c.png", "--list")
    let map = try PNGWriter.encode(gray: Array(repeating: 0, count: 16 * 24), width: 16, height: 24)
    try eval.addFile("labels/b/c.png", map)
    try assertFails(eval, status: 65, naming: "labels/b/c.png", "16×24", "images/b/c.jpg", "24×16")
    try eval.addFile("images/b/c.png", ToyFiles.png(width: 4, height: 4))
    try assertFails(eval, status: 66, naming: "images/b/c.jpg", "images/b/c.png")
  }

  func testFolders() throws {
    let eval = try make()
    for (option, folder) in [("--images", "nowhere"), ("--labels", "nowhere"), ("--images", "images/a.png")] {
      try assertFails(eval, [option, folder], status: 66, naming: folder)
    }
    try FileManager.default.createDirectory(at: eval.folder["empty"], withIntermediateDirectories: true)
    try assertFails(eval, ["--images", "empty"], status: 66, naming: "empty", "holds no photo")
    try assertFails(eval, ["--image-suffix", "_x"], status: 66, naming: "images", "_x")
    try assertFails(eval, ["--label-suffix", "_x"], status: 66, naming: "images/a.png", "labels/a_x.png")
  }

  func testLists() throws {
    let eval = try make()
    try eval.addFile("list.txt", Array("a\nb\n".utf8))
    try assertFails(eval, ["--list", "list.txt"], status: 66, naming: "list.txt", "\"b\"", "images")
    try eval.addFile("list.txt", Array("\n\n".utf8))
    try assertFails(eval, ["--list", "list.txt"], status: 65, naming: "list.txt")
    try assertFails(eval, ["--list", "nowhere"], status: 66, naming: "nowhere")
  }

  func testLabelValues() throws {
    let eval = try make([0, 1, 3, 255])
    try assertFails(
      eval, status: 65, naming: "labels/a.png", "the label 3", "3 classes", "--ignore 3,255",
      "--label-offset", "--label-names")
    try assertFails(eval, ["--ignore", "none"], status: 65, naming: "labels/a.png", "--ignore")
    try eval.addFile("labels/a.png", ToyFiles.png(width: 2, height: 2))
    try assertFails(
      eval, status: 65, naming: "labels/a.png: is a PNG of colours, but a label file has one number a pixel",
      "palette")
    try eval.addFile("labels/a.png", ToyFiles.jpeg)
    try assertFails(
      eval, status: 65, naming: "labels/a.png: is JPEG, but a label file has one number a pixel")
    try eval.addFile("labels/a.png", Array("no picture".utf8))
    try assertFails(eval, status: 65, naming: "labels/a.png")
  }

  /// What was done before the error is lost without a state, and the error says how to keep it.
  func testWorkThatIsLost() throws {
    let eval = try Evaluating()
    try eval.addAll()
    for labels in [true, false] {
      let place = labels ? "labels/b/d.png" : "images/b/d.png"
      let whole = try eval.folder.bytes(place)
      try eval.addFile(place, Array("no picture".utf8))
      try assertFails(eval, status: 65, naming: place, "--state FILE", "2 of the photos")
      let outcome = try eval.run(["--state", "\(labels).jsonl"])
      XCTAssertEqual(outcome.status, 65, outcome.errors)
      XCTAssertFalse(outcome.errors.contains("--state"), outcome.errors)
      try eval.addFile(place, whole)
    }
    // Nothing is lost with the first photo.
    try eval.addFile("images/a.png", Array("no picture".utf8))
    XCTAssertFalse(try eval.run().errors.contains("--state"))
  }

  func testLabelNames() throws {
    let eval = try make()
    let cases: [(text: String, problem: String)] = [
      ("1\tcat\n0\tdog\n", "line 2: \"dog\" is not in the vocabulary"),
      ("1\tcat\n1\tsky\n", "line 2: the number 1 is on line 1 already"),
      ("1 cat\n", "line 1: is not a number"), ("70000\tcat\n", "line 1: is not a number"),
      ("-1\tcat\n", "line 1: is not a number"), ("\n", "names no class"), ("255\tcat\n", "names no class"),
    ]
    for (text, problem) in cases {
      try eval.addFile("names.txt", Array(text.utf8))
      try assertFails(eval, ["--label-names", "names.txt"], status: 65, naming: "names.txt: \(problem)")
    }
    try eval.addFile("names.txt", [0xFF, 0x0A])
    try assertFails(eval, ["--label-names", "names.txt"], status: 65, naming: "names.txt: is not UTF-8")
    try assertFails(eval, ["--label-names", "nowhere"], status: 66, naming: "nowhere")
    // The way out that the first message names.
    try eval.addFile("names.txt", Array("1\tcat\n0\tdog\n".utf8))
    XCTAssertEqual(try eval.run(["--label-names", "names.txt", "--ignore", "0,255"]).status, 0)
  }

  func testOutputs() throws {
    let eval = try make()
    for option in ["--json", "--csv", "--confusion", "--state"] {
      let file = option == "--confusion" ? "x.png" : "x.txt"
      try assertFails(eval, [option, "nowhere/\(file)"], status: 73, naming: "nowhere")
      try assertFails(eval, [option, "images/a.png"], status: 64, naming: option, "images/a.png")
      try assertFails(eval, [option, ""], status: 64, naming: option)
    }
    try assertFails(eval, ["--confusion", "x.jpg"], status: 64, naming: "--confusion", ".png")
    try assertFails(eval, ["--json", "x", "--csv", "x"], status: 64, naming: "--csv", "--json")
    try assertFails(eval, ["--predictions", "labels"], status: 64, naming: "--predictions", "labels/a.png")
    try assertFails(eval, ["--predictions", "images/a.png"], status: 73, naming: "images/a.png")
  }

  func testUsage() throws {
    let eval = try make()
    for (arguments, name) in [
      (["--ignore", "256x"], "--ignore"), (["--ignore", "65536"], "--ignore"),
      (["--ignore", ""], "--ignore"),
      (["--label-offset", "65536"], "--label-offset"), (["--label-offset=-1"], "--label-offset"),
      (["--label-offset", "1", "--label-names", "x"], "--label-offset"), (["--limit", "0"], "--limit"),
      (["--size", "31"], "--size"), (["--scales", "0"], "--scales"),
      (["--vocabulary", "voc-20"], "--vocabulary"), (["extra"], "extra"),
      (["--threshold", "1"], "--threshold"),
    ] {
      try assertFails(eval, arguments, status: 64, naming: name)
    }
  }

  /// Two runs do not write one state file.
  func testLock() throws {
    let eval = try make()
    XCTAssertEqual(try eval.run(["--state", "state.jsonl"]).status, 0)
    let file = open(eval.folder["state.jsonl"].path, O_RDWR)
    defer { close(file) }
    XCTAssertEqual(flock(file, LOCK_EX), 0)
    try assertFails(eval, ["--state", "state.jsonl"], status: 73, naming: "state.jsonl", "another run")
  }
}
