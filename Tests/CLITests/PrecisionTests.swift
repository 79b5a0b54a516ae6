import Foundation
import SANCore
import TestSupport
import XCTest

/// `--precision bf16`, where the processor has the instructions and where it lacks them.
final class PrecisionTests: XCTestCase {
  func testBfloat16() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 47, height: 33), to: "photo.png")
    func run(_ precision: String, _ environment: [String: String] = [:]) throws -> Program.Outcome {
      try Program.run(
        [
          "segment", "photo.png", "--model", ToyFiles.model.path, "--classes", "cat,dog", "--scores",
          "scores.npy", "--no-overlay", "--no-cache", "--quiet", "--precision", precision,
        ], in: folder.url, environment: environment)
    }
    func scores(_ precision: String, _ environment: [String: String] = [:]) throws -> [UInt8] {
      let outcome = try run(precision, environment)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      return try folder.bytes("scores.npy")
    }
    let lacking = try run("bf16", ["SAN_KERNELS": "portable"])
    XCTAssertEqual(lacking.status, 64)
    XCTAssertEqual(lacking.errorLines.count, 1, lacking.errors)
    for words in ["--precision: ", "AVX-512 BF16", "f32 or int8"] {
      XCTAssert(lacking.errors.contains(words), lacking.errors)
    }
    XCTAssertEqual(Set(try folder.contents().keys), ["photo.png"])

    guard KernelSet.pairs != nil else { throw XCTSkip("this processor has no AVX2 to emulate with") }
    let pairs = ["SAN_KERNELS": "pairs"]
    let emulated = try scores("bf16", pairs)
    XCTAssertEqual(Set([try scores("f32", pairs), try scores("int8", pairs), emulated]).count, 3)
    if Precision.bfloat16.isOffered {
      XCTAssert(try scores("bf16") == emulated, "the instructions come to the same bits")
    }
  }

  /// What offers it says so.
  func testReports() throws {
    let folder = try Scratch()
    let doctor = try Program.run(["doctor"], in: folder.url, environment: ["SAN_KERNELS": "portable"])
    XCTAssert(
      doctor.output.contains(/\nprecisions +f32, int8; not bf16, which takes AVX-512 BF16\n/), doctor.output)
    guard KernelSet.pairs != nil else { throw XCTSkip("this processor has no AVX2 to emulate with") }
    let pairs = ["SAN_KERNELS": "pairs"]
    let offered = try Program.run(["doctor"], in: folder.url, environment: pairs)
    XCTAssert(offered.output.contains(/\nprecisions +f32, bf16, int8\n/), offered.output)
    let info = try Program.run(["info", ToyFiles.model.path, "--json"], in: folder.url, environment: pairs)
    XCTAssertEqual(
      try ToyFiles.json(Array(info.output.utf8))["precisions"],
      .array([.string("f32"), .string("bf16"), .string("int8")]))
    let benchmark = try Program.run(
      [
        "benchmark", "--model", ToyFiles.model.path, "--runs", "1", "--size", "64", "--precision", "bf16",
        "--threads", "1",
      ], in: folder.url, environment: pairs)
    XCTAssertEqual(benchmark.status, 0, benchmark.errors)
    XCTAssert(benchmark.output.hasPrefix("toy, 64×64, bf16, 1 threads, pairs kernels, "), benchmark.output)
  }
}
