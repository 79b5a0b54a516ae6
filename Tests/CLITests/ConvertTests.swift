import Foundation
import SANCore
import TestSupport
import XCTest

/// `convert` and `info`.
final class ConvertTests: XCTestCase {
  func testTypes() throws {
    let folder = try Scratch()
    let source = try Checkpoint.open(path: ToyFiles.model.path)
    for (type, element, bytes) in [
      ("f32", ElementType.float32, 4), ("f16", .float16, 2), ("bf16", .bfloat16, 2),
    ] {
      let outcome = try Program.run(
        ["convert", ToyFiles.model.path, "\(type).safetensors", "--dtype", type], in: folder.url)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssertEqual(outcome.errors, "")
      let converted = try Checkpoint.open(path: folder["\(type).safetensors"].path)
      XCTAssertEqual(Set(converted.entries.map(\.name)), Set(source.entries.map(\.name)))
      XCTAssertEqual(converted.metadata["format"], "san")
      XCTAssertEqual(converted.metadata["config"], ProceduralModel.toyConfiguration.json)
      XCTAssert(outcome.output.contains("2,034,419 parameters"), outcome.output)
      XCTAssertGreaterThan(converted.fileByteCount, 2_034_419 * bytes)
      for entry in source.entries {
        XCTAssertEqual(converted.entry(entry.name)?.type, element, entry.name)
        let expected = try source.tensor(entry.name).values.map { value in
          switch element {
          case .float16: Float(Float16(value))
          case .bfloat16: nearestBFloat16(value)
          default: value
          }
        }
        XCTAssert(try converted.tensor(entry.name).values == expected, entry.name)
      }
    }
  }

  /// The nearer of the two numbers of 8 significant bits around `value`, the even one where both are as near.
  private func nearestBFloat16(_ value: Float) -> Float {
    let below = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
    let above = Float(bitPattern: (value.bitPattern & 0xFFFF_0000) &+ 0x1_0000)
    let (down, up) = (abs(value - below), abs(above - value))
    if down == up { return below.bitPattern & 0x1_0000 == 0 ? below : above }
    return down < up ? below : above
  }

  /// A file of integers loads as it is, and labels with either precision.
  func testIntegers() throws {
    let folder = try Scratch()
    let converted = try Program.run(
      ["convert", ToyFiles.model.path, "int8.safetensors", "--dtype", "int8"], in: folder.url)
    XCTAssertEqual(converted.status, 0, converted.errors)
    XCTAssert(converted.output.contains("safetensors, I8"), converted.output)
    let checkpoint = try Checkpoint.open(path: folder["int8.safetensors"].path)
    XCTAssertLessThan(checkpoint.fileByteCount, 2_034_419 * 3 / 2)
    let info = try Program.run(["info", "int8.safetensors"], in: folder.url)
    XCTAssertEqual(info.status, 0, info.errors)
    XCTAssert(info.output.contains("safetensors, F32, F16, I8, "), info.output)

    try folder.write(ToyFiles.png(width: 47, height: 33), to: "photo.png")
    func scores(_ model: String, _ precision: String) throws -> [UInt8] {
      let outcome = try Program.run(
        [
          "segment", "photo.png", "--model", model, "--classes", "cat,dog", "--scores", "scores.npy",
          "--no-overlay",
          "--no-cache", "--quiet", "--precision", precision,
        ], in: folder.url)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      return try folder.bytes("scores.npy")
    }
    let file = folder["int8.safetensors"].path
    let all = try [ToyFiles.model.path, file].flatMap { model in
      try ["f32", "int8"].map { try scores(model, $0) }
    }
    XCTAssertEqual(Set(all).count, 4)  // the table of tokens is stored as integers, too
    XCTAssertEqual(Set(all.map(\.count)).count, 1)
    let refused = try Program.run(
      ["segment", "photo.png", "--classes", "cat", "--precision", "int4"], in: folder.url)
    XCTAssertEqual(refused.status, 64)
    XCTAssert(refused.errors.contains("--precision"), refused.errors)
  }

  /// What a file of integers does not store as such is as in its source, or matrices of single precision in half of it.
  func testIntegersOfAHalfPrecisionFile() throws {
    let folder = try Scratch()
    for (type, element) in [("f16", ElementType.float16), ("bf16", .bfloat16), ("f32", .float32)] {
      for (input, output, dtype) in [
        (ToyFiles.model.path, "source.safetensors", type), ("source.safetensors", "int8.safetensors", "int8"),
      ] {
        let outcome = try Program.run(["convert", input, output, "--dtype", dtype], in: folder.url)
        XCTAssertEqual(outcome.status, 0, outcome.errors)
      }
      let source = try Checkpoint.open(path: folder["source.safetensors"].path)
      let converted = try Checkpoint.open(path: folder["int8.safetensors"].path)
      var exact: [String] = []
      for entry in source.entries where converted.entry(entry.name)?.type != .int8 {
        exact.append(entry.name)
        let isHalved = element == .float32 && entry.shape.count > 1
        XCTAssertEqual(converted.entry(entry.name)?.type, isHalved ? .float16 : element, entry.name)
        let values = try source.tensor(entry.name).values
        let expected = isHalved ? values.map { Float(Float16($0)) } : values
        XCTAssert(try converted.tensor(entry.name).values == expected, entry.name)
      }
      for layer in ["clip_visual_extractor.conv1", "clip_rec_head.proj", "ov_classifier.text_projection"] {
        XCTAssert(exact.contains { $0.hasPrefix(layer) }, layer)
      }
    }
  }

  func testExistingFileIsReplaced() throws {
    let folder = try Scratch()
    try folder.write(Array("old".utf8), to: "new.safetensors")
    let outcome = try Program.run(
      ["convert", ToyFiles.model.path, "new.safetensors", "--quiet"], in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertNoThrow(try Checkpoint.open(path: folder["new.safetensors"].path))
    XCTAssertEqual(Set(try folder.contents().keys), ["new.safetensors"])
  }

  /// A model file whose configuration is neither in it nor beside it.
  func testConfiguration() throws {
    let folder = try Scratch()
    try folder.write(Fixture.bytes("mmseg/micro.pth"), to: "m.pth")
    let config = ["--config", Fixture.url("mmseg/micro.json").path]
    for arguments in [["info", "m.pth"], ["convert", "m.pth", "m.safetensors"]] {
      let outcome = try Program.run(arguments, in: folder.url)
      XCTAssertEqual(outcome.status, 65, outcome.errors)
      XCTAssert(outcome.errors.contains("m.pth: is neither"), outcome.errors)
      XCTAssert(outcome.errors.contains("--config FILE"), outcome.errors)
    }
    let info = try Program.run(["info", "m.pth"] + config, in: folder.url)
    XCTAssertEqual(info.status, 0, info.errors)
    XCTAssert(info.output.hasPrefix("san-micro\n"), info.output)
    let converted = try Program.run(["convert", "m.pth", "m.safetensors"] + config, in: folder.url)
    XCTAssertEqual(converted.status, 0, converted.errors)
    let model = try Checkpoint.open(path: folder["m.safetensors"].path)
    XCTAssertEqual(try SANConfiguration.find(for: model).name, "san-micro")
  }

  func testAnInstalledModelIsConverted() throws {
    let folder = try Scratch()
    let outcome = try Program.run(
      ["convert", "san-mini", "mini.safetensors", "--dtype", "f16"], in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.output.contains("\nsan-mini "), outcome.output)
    let model = try Checkpoint.open(path: folder["mini.safetensors"].path)
    XCTAssertEqual(try SANConfiguration.find(for: model).name, "san-mini")
  }

  func testInfo() throws {
    let folder = try Scratch()
    let outcome = try Program.run(
      ["info", ToyFiles.model.path, "--json", "--size", "100x200"], in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let info = try XCTUnwrap(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    XCTAssertEqual(info["name"] as? String, "toy")
    XCTAssertEqual(info["format"] as? String, "safetensors")
    XCTAssertEqual(info["bytes"] as? Int, try Checkpoint.open(path: ToyFiles.model.path).fileByteCount)
    XCTAssertEqual(info["element_types"] as? [String: Int], ["F32": 2_034_419])

    let configuration = try JSONSerialization.data(withJSONObject: XCTUnwrap(info["configuration"]))
    XCTAssertEqual(
      try SANConfiguration(json: Array(configuration), file: "info"), ProceduralModel.toyConfiguration)

    var parameters = try XCTUnwrap(info["parameters"] as? [String: Int])
    XCTAssertEqual(parameters.removeValue(forKey: "total"), 2_034_419)
    XCTAssertEqual(parameters.values.reduce(0, +), 2_034_419)
    // A mask decoder's three MLPs, by hand: 48→16→16→16 twice, 48→16→16→64, and the scale and shift of the bias.
    XCTAssertEqual(parameters["mask_decoder"], 2 * (784 + 272 + 272) + (784 + 272 + 1088) + 2)

    var cost = try XCTUnwrap(info["multiply_adds"] as? [String: Int])
    XCTAssertEqual([cost.removeValue(forKey: "height"), cost.removeValue(forKey: "width")], [100, 200])
    XCTAssertEqual(cost.removeValue(forKey: "prompt_tokens"), 77)
    // Two layers of width 32 over 77 tokens, and the projection to 32.
    XCTAssertEqual(cost.removeValue(forKey: "prompt"), 2 * (12 * 32 * 32 * 77 + 2 * 77 * 77 * 32) + 32 * 32)
    let total = try XCTUnwrap(cost.removeValue(forKey: "total"))
    XCTAssertEqual(cost.values.reduce(0, +), total)
    // 128×224 after padding: 8×14 side tokens, 4×7 of CLIP.
    XCTAssertEqual(cost["fusion"], 4 * 28 * 64 * 48)
    XCTAssertEqual(cost["patch_embeddings"], 28 * 64 * 3 * 256 + 112 * 48 * 3 * 256)
  }

  func testInfoForPeople() throws {
    let folder = try Scratch()
    let outcome = try Program.run(["info", ToyFiles.model.path], in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(outcome.errors, "")
    for text in ["toy\n", "2,034,419", "multiply-adds at 128×128", "0→0 1→1 2→2 3→3", "image × 0.5"] {
      XCTAssert(outcome.output.contains(text), "\(text) is not in: \(outcome.output)")
    }
    XCTAssert(outcome.output.split(separator: "\n").allSatisfy { !$0.hasSuffix(" ") })
  }
}
