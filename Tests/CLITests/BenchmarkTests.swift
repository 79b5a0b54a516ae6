import Foundation
import TestSupport
import XCTest

/// `benchmark` reports every stage; how long each takes is not a test's business.
final class BenchmarkTests: XCTestCase {
  func testJSON() throws {
    let folder = try Scratch()
    let outcome = try Program.run(
      [
        "benchmark", "--model", ToyFiles.model.path, "--runs", "3", "--size", "96x128", "--threads", "1",
        "--json", "--precision", "int8",
      ],
      in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let report = try XCTUnwrap(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    XCTAssertEqual(report["model"] as? String, "toy")
    XCTAssertEqual(report["precision"] as? String, "int8")
    XCTAssertEqual(report["threads"] as? Int, 1)
    XCTAssertEqual(report["runs"] as? Int, 3)
    XCTAssertEqual(report["height"] as? Int, 96)
    XCTAssertEqual(report["width"] as? Int, 128)
    let stages = try XCTUnwrap(report["stages"] as? [[String: Any]])
    XCTAssertEqual(
      stages.map { $0["stage"] as? String },
      ["image", "clip", "side", "decoder", "recognition", "labels", "core", "all"])
    for stage in stages {
      let (least, median, most) = try (
        XCTUnwrap(stage["min_ms"] as? Double), XCTUnwrap(stage["median_ms"] as? Double),
        XCTUnwrap(stage["max_ms"] as? Double)
      )
      XCTAssert(0 < least && least <= median && median <= most, "\(stage)")
    }
  }

  /// The labels stage for numbers of classes, in the order given.
  func testClasses() throws {
    let folder = try Scratch()
    let arguments = ["benchmark", "--model", ToyFiles.model.path, "--runs", "2", "--size", "64"]
    let outcome = try Program.run(arguments + ["--classes", "300, 1", "--json"], in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let report = try XCTUnwrap(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let labels = try XCTUnwrap(report["labels"] as? [[String: Any]])
    XCTAssertEqual(labels.map { $0["classes"] as? Int }, [300, 1])
    for entry in labels { XCTAssertGreaterThan(try XCTUnwrap(entry["median_ms"] as? Double), 0) }

    let table = try Program.run(arguments + ["--classes", "20"], in: folder.url)
    XCTAssert(table.output.contains("\nlabels, 20 "), table.output)
    for (value, says) in [("0", "\"0\""), ("65536", "65535"), ("1,,2", "\"\""), ("many", "\"many\"")] {
      let outcome = try Program.run(arguments + ["--classes", value], in: folder.url)
      XCTAssertEqual(outcome.status, 64, value)
      XCTAssertEqual(outcome.errorLines.count, 1, outcome.errors)
      XCTAssert(outcome.errors.contains("--classes") && outcome.errors.contains(says), outcome.errors)
    }
  }

  func testConfiguration() throws {
    let folder = try Scratch()
    try folder.write(Fixture.bytes("mmseg/micro.pth"), to: "m.pth")
    let outcome = try Program.run(
      [
        "benchmark", "--model", "m.pth", "--config", Fixture.url("mmseg/micro.json").path, "--runs", "1",
        "--size", "64",
      ], in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.output.hasPrefix("san-micro, 64×64, "), outcome.output)
  }

  func testTable() throws {
    let folder = try Scratch()
    let outcome = try Program.run(
      ["benchmark", "--model", ToyFiles.model.path, "--runs", "1", "--size", "64"], in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let lines = outcome.output.split(separator: "\n")
    XCTAssert(lines[0].hasPrefix("toy, 64×64, "), outcome.output)
    XCTAssertEqual(lines.count, 11, outcome.output)
  }
}
