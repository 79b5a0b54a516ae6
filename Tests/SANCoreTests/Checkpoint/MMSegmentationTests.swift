import Foundation
import SANCore
import TestSupport
import XCTest

/// Checkpoints with mmsegmentation's names: one that it wrote itself, and the names of its released sizes.
final class MMSegmentationTests: XCTestCase {
  /// Held for the whole test: matrices are views of its memory.
  private let workspace = Workspace(pool: ThreadPool(threads: 2))

  private func load(_ fixture: String) throws -> ModelParameters {
    let checkpoint = try Checkpoint.open(path: Fixture.url(fixture).path)
    return try ModelParameters(
      checkpoint: checkpoint, configuration: SANConfiguration.find(for: checkpoint))
  }

  private func bits(_ tensor: Tensor) -> [UInt32] { tensor.values.map(\.bitPattern) }

  func testEveryWeightIsThatOfTheSameModelUnderOurNames() throws {
    let (theirs, ours) = (try load("mmseg/micro.pth"), try load("pth/micro/model.pth"))
    XCTAssertEqual(theirs.configuration, ours.configuration)
    for (name, shape) in ours.configuration.parameterShapes {
      XCTAssertEqual(theirs[name].shape, shape, name)
      XCTAssertEqual(bits(theirs[name]), bits(ours[name]), name)
    }
  }

  func testEveryStageIsThatOfTheSameModelUnderOurNames() throws {
    let models = try ["mmseg/micro.pth", "pth/micro/model.pth"].map { SANModel(try load($0)) }
    let image = ProceduralModel.image("input/micro", height: 64, width: 96)
    let stages = try models.map { model in
      let proposals = try model.encode(image.planarImage(in: workspace), workspace: workspace)
      let classifier = try model.textClassifier(
        [[[518, 3, 4, 519]], [[518, 7, 519]]], workspace: workspace)
      return [
        "masks": proposals.logits, "embeddings": proposals.embeddings, "classifier": classifier,
        "classes": model.classLogits(proposals, classifier: classifier),
      ].mapValues(bits)
    }
    XCTAssertEqual(stages[0], stages[1])
  }

  /// Against what mmsegmentation itself computes with this file.
  func testTheNetworkEqualsTheirs() throws {
    let model = SANModel(try load("mmseg/micro.pth"))
    let expected = try Golden("mmseg/micro_64x96.safetensors")
    let image = ProceduralModel.image("input/micro", height: 64, width: 96)
    let proposals = try model.encode(image.planarImage(in: workspace), workspace: workspace)
    assertClose(proposals.logits, try expected["mask_logits"], tolerance: 1e-4, relative: true, "masks")
    assertClose(proposals.embeddings, try expected["mask_embed"], tolerance: 2e-5, "embeddings")
  }

  /// A safetensors file of `tensors` with numbers of one byte's worth of sense: its names and shapes are what counts.
  private func write(_ tensors: [(name: String, shape: [Int])], to path: String) throws {
    var offset = 0
    let members = tensors.map { name, shape in
      let end = offset + 4 * shape.reduce(1, *)
      defer { offset = end }
      return "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(offset),\(end)]}"
    }
    let header = Array("{\(members.joined(separator: ","))}".utf8)
    try Data(littleEndian(UInt64(header.count)) + header).write(to: URL(fileURLWithPath: path))
    // Zeros that take no space.
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: UInt64(8 + header.count + offset))
    try file.close()
  }

  /// Names and shapes as mmsegmentation's own models have them.
  private func shapes(_ name: String) throws -> [(name: String, shape: [Int])] {
    let json = try Fixture.bytes("mmseg/\(name).shapes.json")
    guard case .object(let members) = try json.withUnsafeBytes({ try JSONValue(parsing: $0) }) else {
      return []
    }
    return members.map { member in
      guard case .array(let extents) = member.value else { return (member.name, []) }
      return (member.name, extents.map { if case .integer(let extent) = $0 { extent } else { -1 } })
    }
  }

  func testTheReleasedSizesAreKnown() throws {
    let folder = try TemporaryFolder()
    for (name, configuration) in [("san_vit_b_16", SANConfiguration.vitB16), ("san_vit_l_14", .vitL14)] {
      let path = folder.path("\(name).safetensors")
      try write(shapes(name), to: path)
      let checkpoint = try Checkpoint.open(path: path)
      XCTAssertEqual(try SANConfiguration.find(for: checkpoint), configuration)
      XCTAssertEqual(
        Set(checkpoint.entries.map(\.name)), Set(configuration.parameterShapes.map(\.name)), name)
      XCTAssertEqual(checkpoint.entries.map(\.storedName), try shapes(name).map(\.name))
      XCTAssertEqual(
        checkpoint.entry("clip_rec_head.proj")?.storedName, "decode_head.rec_with_attnbias.proj.weight")
    }
  }

  /// Asserts that the micro model's file, its list of tensors changed by `edit`, is refused with `message`.
  private func assertRefused(
    _ message: String, file: StaticString = #filePath, line: UInt = #line,
    edit: (inout [(name: String, shape: [Int])]) throws -> Void
  ) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.safetensors")
    let source = try Checkpoint.open(path: Fixture.url("mmseg/micro.pth").path)
    var tensors = source.entries.map { entry -> (name: String, shape: [Int]) in
      switch entry.storedName {
      case "image_encoder.cls_token": (entry.storedName, [1, 1] + entry.shape)
      case "image_encoder.pos_embed": (entry.storedName, [1] + entry.shape)
      case "decode_head.rec_with_attnbias.proj.weight": (entry.storedName, entry.shape.reversed())
      default: (entry.storedName, entry.shape)
      }
    }
    try edit(&tensors)
    try write(tensors, to: path)
    let configuration = try SANConfiguration(path: Fixture.url("mmseg/micro.json").path)
    XCTAssertThrowsError(
      try ModelParameters(checkpoint: Checkpoint.open(path: path), configuration: configuration), file: file,
      line: line
    ) {
      XCTAssert("\($0)".hasPrefix("\(path): "), "\($0)", file: file, line: line)
      XCTAssert("\($0)".contains(message), "\($0)", file: file, line: line)
    }
  }

  func testErrorsSpeakTheFilesNames() throws {
    try assertRefused(
      "3 tensors are missing: \"image_encoder.cls_token\" [1, 1, 16], "
        + "\"decode_head.rec_with_attnbias.proj.weight\" [12, 16], \"text_encoder.logit_scale\" []"
    ) {
      $0.removeAll {
        [
          "image_encoder.cls_token", "decode_head.rec_with_attnbias.proj.weight", "text_encoder.logit_scale",
        ].contains($0.name)
      }
    }
    try assertRefused(
      "2 tensors are unexpected: \"text_encoder.extra\" [2], \"decode_head.side_adapter_network.extra\" [3]"
    ) { $0 += [("text_encoder.extra", [2]), ("decode_head.side_adapter_network.extra", [3])] }
    try assertRefused(
      "2 tensors are of another shape: \"image_encoder.cls_token\" is [2, 1, 8] instead of [1, 1, 16], "
        + "\"decode_head.rec_with_attnbias.proj.weight\" is [12, 15] instead of [12, 16]"
    ) { tensors in
      for index in tensors.indices {
        if tensors[index].name == "image_encoder.cls_token" { tensors[index].shape = [2, 1, 8] }
        if tensors[index].name.hasSuffix(".proj.weight") { tensors[index].shape = [12, 15] }
      }
    }
    try assertRefused(
      "tensor \"clip_rec_head.proj\": it means the same as \"decode_head.rec_with_attnbias.proj.weight\""
    ) { $0.append(("clip_rec_head.proj", [16, 12])) }
  }

  /// What is stored in half the space and with rows and columns exchanged is read as it is written.
  func testHalves() throws {
    let folder = try TemporaryFolder()
    let source = try Checkpoint.open(path: Fixture.url("mmseg/micro.pth").path)
    let path = folder.path("micro.safetensors")
    let entries = source.entries.map { entry in
      SafetensorsWriter.Entry(
        name: entry.storedName,
        shape: entry.name == "clip_rec_head.proj" ? entry.shape.reversed() : entry.shape, type: .float16)
    }
    let byStoredName = Dictionary(uniqueKeysWithValues: source.entries.map { ($0.storedName, $0.name) })
    try SafetensorsWriter.write(to: path, entries: entries) { stored in
      let name = try XCTUnwrap(byStoredName[stored])
      let tensor = try source.tensor(name)
      guard name == "clip_rec_head.proj" else { return tensor }
      let (rows, columns) = (tensor.shape[0], tensor.shape[1])
      let values = (0..<columns).flatMap { column in (0..<rows).map { tensor[$0 * columns + column] } }
      return Tensor(shape: [columns, rows], values)
    }
    let halves = try Checkpoint.open(path: path)
    let configuration = try SANConfiguration(path: Fixture.url("mmseg/micro.json").path)
    let parameters = try ModelParameters(checkpoint: halves, configuration: configuration)
    for (name, _) in configuration.parameterShapes {
      let expected = try source.tensor(name).values.map { Float(Float16($0)) }
      XCTAssertEqual(parameters[name].values, expected, name)
    }
  }
}
