import Foundation
import XCTest

/// Names of which the model reads a part.
final class LongNamesTests: XCTestCase {
  private let long = Array(repeating: "elephant", count: 90).joined(separator: " ")
  private let short = "elephant elephant elephant elephant elephant elephant eleph…"

  private var warning: String {
    "san-cli: warning: class name \"\(short)\" has 92 tokens in its longest sentence; the model reads 77: shorten it"
  }

  func testSegment() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 9, height: 8), to: "photo.png")
    func segment(_ options: [String]) throws -> Program.Outcome {
      let outcome = try Program.run(
        ["segment", "photo.png", "--model", ToyFiles.model.path, "--background", "none"] + options,
        in: folder.url)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      return outcome
    }
    let plain = try segment(["--classes", "cat,\(long)", "--templates", "plain", "--json", "report.json"])
    XCTAssertEqual(plain.errorLines.first, warning[...])
    // The table keeps to a terminal's width, and what programs read has the whole name.
    let lines = plain.output.split(separator: "\n")
    XCTAssertEqual(lines.count, 3)
    XCTAssert(lines[2].hasPrefix("\(short)  "), plain.output)
    XCTAssert(lines.allSatisfy { $0.count < 80 }, plain.output)
    XCTAssert(String(decoding: try folder.bytes("report.json"), as: UTF8.self).contains("\"\(long)\""))

    let synonym = try segment(["--classes", "pet=cat|\(long)|dog", "--templates", "plain"])
    XCTAssertEqual(synonym.errorLines.first, warning[...])
    XCTAssertEqual(synonym.errors.components(separatedBy: "warning").count, 2)

    // "a photo of a …" is longer than the name.
    try folder.write(Array("{}\na photo of a {}\n".utf8), to: "sentences")
    let sentence = try segment(["--classes", long, "--templates", "sentences"])
    XCTAssert(sentence.errors.contains("has 96 tokens in its longest sentence"), sentence.errors)
  }

  func testEval() throws {
    let eval = try Evaluating()
    try eval.add("a", width: 2, height: 2, labels: [0, 1, 1, 1])
    let outcome = try eval.run(["--baselines"], classes: ["--classes", "cat,\(long)"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(outcome.errorLines.first, warning[...])
    XCTAssert(outcome.output.contains("\n\(short)  "), outcome.output)
    XCTAssert(outcome.output.contains("\nbest single label: \(short)  "), outcome.output)
    XCTAssertFalse(outcome.output.contains(long))
  }
}
