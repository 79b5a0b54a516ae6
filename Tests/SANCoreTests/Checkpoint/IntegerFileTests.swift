import Foundation
import SANCore
import TestSupport
import XCTest

/// Model files of 8-bit integers with scales.
final class IntegerFileTests: XCTestCase {
  private let toy = ProceduralModel.toyConfiguration
  private let matrix = "clip_visual_extractor.resblocks.0.mlp.c_fc.weight"

  private func entries(_ types: [String: ElementType] = [:]) -> [SafetensorsWriter.Entry] {
    let integers = toy.integerParameters
    return toy.parameterShapes.map {
      SafetensorsWriter.Entry(
        name: $0.name, shape: $0.shape,
        type: types[$0.name] ?? (integers.contains($0.name) ? .int8 : .float32))
    }
  }

  private func load(_ path: String, _ precision: Precision = .float32) throws -> ModelParameters {
    try ModelParameters(checkpoint: Checkpoint.open(path: path), configuration: toy, precision: precision)
  }

  /// Each number is within half a step of what it was, its row's largest is met, and other tensors are as they were.
  func testNumbers() throws {
    let folder = try TemporaryFolder()
    let original = ProceduralModel.parameters(toy)
    try SafetensorsWriter.write(to: folder.path("model"), entries: entries()) { original[$0] }
    let checkpoint = try Checkpoint.open(path: folder.path("model"))
    let parameters = try load(folder.path("model"))
    for (name, shape) in toy.parameterShapes {
      let expected = original[name].values
      XCTAssertEqual(try checkpoint.tensor(name).values, parameters[name].values, name)
      guard toy.integerParameters.contains(name) else {
        XCTAssertEqual(parameters[name].values, expected, name)
        XCTAssertNil(checkpoint.entry("\(name).scale"))
        continue
      }
      XCTAssertEqual(checkpoint.entry(name)?.type, .int8)
      let scales = try checkpoint.tensor("\(name).scale")
      XCTAssertEqual(scales.shape, [shape[0]])
      let (values, columns) = (parameters[name].values, expected.count / shape[0])
      for row in 0..<shape[0] {
        let range = row * columns..<(row + 1) * columns
        let largest = expected[range].map(abs).max()!
        XCTAssertEqual(scales[row], largest / 127, accuracy: largest * 1e-7, name)
        // Up to 127 steps, and what is rounded on the way to them and back.
        let half = scales[row] * (0.5 + 127 * 4 * 0x1p-24)
        for index in range where !(abs(values[index] - expected[index]) <= half) {
          return XCTFail("\(name) \(index): \(values[index]), not \(expected[index])")
        }
      }
    }
    for name in ["clip_rec_head.proj", "side_adapter_network.mask_decoder.query_mlp.layers.0.weight"] {
      XCTAssertEqual(checkpoint.entry(name)?.type, .float32)
    }
  }

  /// Integers of a file and those made of its source as it is loaded come to the same bits, where all of the file's are computed
  /// with.
  func testAFileAndItsSourceAreOne() throws {
    var toy = toy
    let shapes = toy.parameterShapes
    toy.float32Layers = SANConfiguration.exactLayers.filter { layer in
      shapes.contains { $0.name == layer || $0.name.hasPrefix("\(layer).") }
    }
    let folder = try TemporaryFolder()
    let original = ProceduralModel.parameters(toy)
    try SafetensorsWriter.write(to: folder.path("model"), entries: entries()) { original[$0] }
    let source = ModelParameters(configuration: toy, precision: .int8) { name, _ in original[name] }
    let image = ProceduralModel.image("x", height: 96, width: 128)
    func load(_ path: String, _ precision: Precision = .float32) throws -> ModelParameters {
      try ModelParameters(checkpoint: Checkpoint.open(path: path), configuration: toy, precision: precision)
    }
    func run(_ parameters: ModelParameters, threads: Int = 2) throws -> [Float] {
      let workspace = Workspace(pool: ThreadPool(threads: threads))
      let proposals = try SANModel(parameters).encode(image.planarImage(in: workspace), workspace: workspace)
      return proposals.logits.values + proposals.embeddings.values
    }
    let expected = try run(source)
    XCTAssertEqual(try run(load(folder.path("model"), .int8)), expected)
    XCTAssertEqual(try run(source, threads: 3), expected)
    // In single precision a file is what its numbers are.
    let numbers = try load(folder.path("model"))
    let single = try run(numbers)
    XCTAssertEqual(single, try run(ModelParameters(configuration: toy) { name, _ in numbers[name] }))
    XCTAssertNotEqual(single, expected)
  }

  /// What is wrong with integers or scales is told by type, file and tensor.
  func testDamage() throws {
    let folder = try TemporaryFolder()
    let original = ProceduralModel.parameters(toy)
    let path = folder.path("model")
    let scale = "\(matrix).scale"
    func written(_ change: (inout [SafetensorsWriter.Entry], inout [String: Tensor]) -> Void) throws {
      var (entries, tensors) = (entries(), [String: Tensor]())
      change(&entries, &tensors)
      try SafetensorsWriter.write(to: path, entries: entries) { tensors[$0] ?? original[$0] }
    }
    func check(_ problem: String, _ precision: Precision = .float32) {
      XCTAssertThrowsError(try load(path, precision)) {
        guard case CheckpointError.malformed(path, _, let found) = $0 else { return XCTFail("\($0)") }
        XCTAssert(found.contains(problem), "\($0)")
        XCTAssert("\($0)".contains(matrix), "\($0)")
      }
    }
    /// Replaces the bytes of `tensor` in the file.
    func replace(_ tensor: String, at element: Int, _ bytes: [UInt8]) throws {
      try written { _, _ in }
      var file = try SANCoreTests.bytes(at: path)
      let header = String(decoding: file.dropFirst(8).prefix(1 << 16), as: UTF8.self)
      let entry = try XCTUnwrap(header.range(of: "\"\(tensor)\":"))
      let offsets = try XCTUnwrap(header[entry.upperBound...].range(of: "\"data_offsets\":["))
      let start = try XCTUnwrap(Int(header[offsets.upperBound...].prefix { $0.isNumber }))
      let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      file.replaceSubrange(
        8 + length + start + element..<8 + length + start + element + bytes.count, with: bytes)
      try folder.write(file, "model")
    }
    for value in [Float.nan, .infinity, -1] {
      try replace(scale, at: 8, floatBytes([value]))
      check("negative, infinite or NaN")
      check("negative, infinite or NaN", .int8)
    }
    try replace(scale, at: 0, floatBytes([0]))
    XCTAssertNoThrow(try load(path))
    try replace(matrix, at: 5, [0x80])  // −128
    check("beyond ±127")
    try replace(matrix, at: 5, [0x81])
    XCTAssertNoThrow(try load(path))

    // An int8 tensor that is asked for as single numbers.
    try written { entries, _ in
      let index = entries.firstIndex { $0.name == "clip_rec_head.ln_post.weight" }!
      entries[index].type = .int8
    }
    XCTAssertThrowsError(try load(path)) {
      guard case CheckpointError.unsupportedElementType(path, "clip_rec_head.ln_post.weight", "I8") = $0
      else {
        return XCTFail("\($0)")
      }
    }
    // Scales that are not there, and of another shape: under another name, the real ones are gone.
    for shape in [nil, [3], [256, 1]] as [[Int]?] {
      try renameScales(path, folder, shape)
      check(shape == nil ? "are not there" : "instead of F32 [256]")
    }
  }

  /// Writes the model with the integers of ``matrix`` by hand, and scales of `shape`, or none.
  private func renameScales(_ path: String, _ folder: TemporaryFolder, _ shape: [Int]?) throws {
    let original = ProceduralModel.parameters(toy)
    var header: [String] = []
    var data: [UInt8] = []
    func add(_ name: String, _ type: String, _ shape: [Int], _ bytes: [UInt8]) {
      header.append(
        "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(data.count),\(data.count + bytes.count)]}"
      )
      data += bytes
    }
    for (name, shape) in toy.parameterShapes where name != matrix {
      add(name, "F32", shape, floatBytes(original[name].values))
    }
    if let shape {
      add("\(matrix).scale", "F32", shape, floatBytes([Float](repeating: 0.1, count: shape.reduce(1, *))))
    }
    let own = original[matrix].shape
    add(matrix, "I8", own, [UInt8](repeating: 1, count: own.reduce(1, *)))
    let text = "{\(header.joined(separator: ","))}"
    try folder.write(littleEndian(UInt64(text.utf8.count)) + Array(text.utf8) + data, "model")
  }

  func testTheListOfLayers() throws {
    let sensitive = SANConfiguration.sensitiveLayers
    XCTAssertEqual(toy.float32Layers, sensitive)
    XCTAssertFalse(toy.json.contains("float32_layers"))
    // Each names something; released models' images have no convolutional stem.
    let released = SANConfiguration.vitB16.parameterShapes
    for layer in sensitive + SANConfiguration.exactLayers where layer != "clip_visual_extractor.stem" {
      XCTAssert(released.contains { $0.name == layer || $0.name.hasPrefix("\(layer).") }, layer)
    }
    var own = toy
    own.float32Layers = ["clip_visual_extractor", "ov_classifier.transformer.resblocks.1"]
    XCTAssertEqual(try SANConfiguration(json: Array(own.json.utf8), file: "own"), own)
    XCTAssert(own.isFloat32("clip_visual_extractor.conv1.weight") && own.isFloat32(matrix))
    XCTAssertFalse(own.isFloat32("clip_rec_head.resblocks.0.mlp.c_fc.weight"))
    XCTAssertFalse(own.isFloat32("ov_classifier.transformer.resblocks.10.mlp.c_fc.weight"))
    XCTAssertFalse(own.integerParameters.contains(matrix))
    own.float32Layers = []
    XCTAssertEqual(try SANConfiguration(json: Array(own.json.utf8), file: "own"), own)
    let folder = try TemporaryFolder()
    let original = ProceduralModel.parameters(toy)
    try SafetensorsWriter.write(to: folder.path("model"), entries: entries()) { original[$0] }
    own.float32Layers = ["clip_rec_haed"]
    XCTAssertThrowsError(
      try ModelParameters(checkpoint: Checkpoint.open(path: folder.path("model")), configuration: own)
    ) {
      guard case ConfigurationError.invalidValue(_, "float32_layers", "\"clip_rec_haed\"", _) = $0 else {
        return XCTFail("\($0)")
      }
    }
    for value in ["1", "{}", "[1]", "\"all\"", "null"] {
      let json = toy.json.replacingOccurrences(of: "\"name\"", with: "\"float32_layers\": \(value), \"name\"")
      XCTAssertThrowsError(try SANConfiguration(json: Array(json.utf8), file: "own"), value) {
        guard case ConfigurationError.invalidValue("own", "float32_layers", _, _) = $0 else {
          return XCTFail("\($0)")
        }
      }
    }
  }
}
