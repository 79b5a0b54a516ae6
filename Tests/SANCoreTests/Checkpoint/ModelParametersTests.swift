import SANCore
import TestSupport
import XCTest

final class ModelParametersTests: XCTestCase {
  private let toy = ProceduralModel.toyConfiguration

  /// Writes the toy model's weights, changed by `edit`, to `path`.
  private func write(
    _ path: String, _ type: ElementType = .float32, metadata: [String: String] = [:],
    edit: (inout [String: Tensor]) -> Void = { _ in }
  ) throws {
    var tensors: [String: Tensor] = [:]
    for (name, shape) in toy.parameterShapes {
      tensors[name] = Tensor(shape: shape, ProceduralWeights.values(name, shape))
    }
    edit(&tensors)
    let entries = tensors.map { SafetensorsWriter.Entry(name: $0.key, shape: $0.value.shape, type: type) }
    try SafetensorsWriter.write(to: path, entries: entries, metadata: metadata) { try XCTUnwrap(tensors[$0]) }
  }

  private func load(_ path: String) throws -> ModelParameters {
    try ModelParameters(checkpoint: Checkpoint.open(path: path), configuration: toy)
  }

  func testEveryElementOfEveryType() throws {
    let folder = try TemporaryFolder()
    for (type, rounded) in [
      (.float32, { $0 }), (.float16, { FloatConversion.single(half: FloatConversion.half($0)) }),
      (.bfloat16, { FloatConversion.single(bfloat16: FloatConversion.bfloat16($0)) }),
    ] as [(ElementType, (Float) -> Float)] {
      try write(folder.path("model"), type)
      let parameters = try load(folder.path("model"))
      XCTAssertEqual(parameters.configuration, toy)
      for (name, shape) in toy.parameterShapes {
        XCTAssertEqual(parameters[name].shape, shape)
        let expected = ProceduralWeights.values(name, shape).map(rounded)
        XCTAssertEqual(parameters[name].values, expected, "\(type) \(name)")
      }
    }
  }

  func testTensorsOfTrainingAreIgnored() throws {
    let folder = try TemporaryFolder()
    try write(folder.path("model")) {
      $0["criterion.empty_weight"] = Tensor(shape: [2], [.nan, 1])
      $0["ov_classifier.attn_mask"] = Tensor(shape: [1, 1], [-.infinity])
    }
    XCTAssertNoThrow(try load(folder.path("model")))
  }

  func testMissingTensorsAreNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model")
    try write(path) {
      $0["clip_rec_head.proj"] = nil
      $0["ov_classifier.logit_scale"] = nil
      $0["extra"] = Tensor(shape: [1], [0])
    }
    XCTAssertThrowsError(try load(path)) {
      guard case ParameterError.missing(path, "toy", let items) = $0 else { return XCTFail("\($0)") }
      XCTAssertEqual(items.map(\.name), ["clip_rec_head.proj", "ov_classifier.logit_scale"])
      XCTAssertEqual(items.map(\.shape), [[64, 32], []])
      XCTAssertEqual(
        "\($0)",
        "\(path): as \"toy\", 2 tensors are missing: "
          + "\"clip_rec_head.proj\" [64, 32], \"ov_classifier.logit_scale\" []; "
          + "the configuration must be this model's"
      )
    }
  }

  func testUnexpectedTensorsAreNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model")
    try write(path) { $0["clip_rec_head.projection"] = Tensor(shape: [1, 2], [0, 0]) }
    XCTAssertThrowsError(try load(path)) {
      guard case ParameterError.unexpected(path, "toy", let items) = $0 else { return XCTFail("\($0)") }
      XCTAssertEqual(items.map(\.name), ["clip_rec_head.projection"])
      XCTAssertEqual(items.map(\.shape), [[1, 2]])
      XCTAssertEqual(
        "\($0)",
        "\(path): as \"toy\", 1 tensor is unexpected: \"clip_rec_head.projection\" [1, 2]; "
          + "the configuration must be this model's")
    }
  }

  func testMisshapenTensorsAreNamedWithBothShapes() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model")
    try write(path) {
      $0["clip_rec_head.proj"] = $0["clip_rec_head.proj"]?.reshaped([32, 64])
      $0["ov_classifier.logit_scale"] = Tensor(shape: [1], [4])
    }
    XCTAssertThrowsError(try load(path)) {
      guard case ParameterError.misshapen(path, "toy", let items) = $0 else { return XCTFail("\($0)") }
      XCTAssertEqual(items.map(\.name), ["clip_rec_head.proj", "ov_classifier.logit_scale"])
      XCTAssertEqual(items.map(\.expected), [[64, 32], []])
      XCTAssertEqual(items.map(\.found), [[32, 64], [1]])
      XCTAssertEqual(
        "\($0)",
        "\(path): as \"toy\", 2 tensors are of another shape: \"clip_rec_head.proj\" is [32, 64] "
          + "instead of [64, 32], \"ov_classifier.logit_scale\" is [1] instead of []; "
          + "the configuration must be this model's")
    }
  }

  func testLongListsAreCut() throws {
    let folder = try TemporaryFolder()
    try write(folder.path("model")) { tensors in
      for index in 0..<20 { tensors["extra.\(index)"] = Tensor(shape: [1], [0]) }
    }
    XCTAssertThrowsError(try load(folder.path("model"))) {
      guard case ParameterError.unexpected(_, _, let items) = $0 else { return XCTFail("\($0)") }
      XCTAssertEqual(items.count, 20)
      XCTAssertTrue("\($0)".contains("\"extra.0\" [1], ") && "\($0)".contains(" and 12 more;"), "\($0)")
    }
  }

  func testNumbersThatAreNotFiniteAreFound() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model")
    for type in [ElementType.float32, .bfloat16] {
      for value in [Float.nan, .infinity, -.infinity] {
        try write(path, type) { tensors in
          for name in ["clip_rec_head.proj", "ov_classifier.token_embedding.weight"] {
            guard var values = tensors[name]?.values, let shape = tensors[name]?.shape else { return }
            values[values.count - 1] = value
            tensors[name] = Tensor(shape: shape, values)
          }
        }
        XCTAssertThrowsError(try load(path)) {
          XCTAssertEqual(
            $0 as? ParameterError,
            .notFinite(file: path, ["clip_rec_head.proj", "ov_classifier.token_embedding.weight"]))
        }
      }
    }
  }

  func testAnInvalidConfigurationIsRefused() throws {
    let folder = try TemporaryFolder()
    try write(folder.path("model"))
    var configuration = toy
    configuration.clip.image.width = .max
    XCTAssertThrowsError(
      try ModelParameters(
        checkpoint: Checkpoint.open(path: folder.path("model")), configuration: configuration)
    ) {
      guard case ConfigurationError.invalidValue(_, "clip.image.width", _, _) = $0 else {
        return XCTFail("\($0)")
      }
    }
  }

  // MARK: Where the configuration comes from

  private func named(_ name: String) -> SANConfiguration {
    var configuration = toy
    configuration.name = name
    return configuration
  }

  func testConfigurationsAreFoundInOrder() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("some.model.pth")
    try write(path)
    func find(_ explicit: String? = nil) throws -> SANConfiguration {
      try SANConfiguration.find(for: Checkpoint.open(path: path), path: explicit)
    }
    XCTAssertThrowsError(try find()) {
      XCTAssertEqual($0 as? ConfigurationError, .unknownModel(file: path))
    }
    try write(path, metadata: ["config": named("metadata").json])
    XCTAssertEqual(try find(), named("metadata"))
    try folder.write(named("folder").json.utf8, "config.json")
    XCTAssertEqual(try find(), named("folder"))
    try folder.write(named("beside").json.utf8, "some.model.json")
    XCTAssertEqual(try find(), named("beside"))
    let explicit = try folder.write(named("explicit").json.utf8, "another")
    XCTAssertEqual(try find(explicit), named("explicit"))
    XCTAssertThrowsError(try find(folder.path("absent.json"))) {
      guard case FileError.cannotOpen = $0 else { return XCTFail("\($0)") }
    }
    try folder.write("{}".utf8, "some.model.json")
    XCTAssertThrowsError(try find()) {
      XCTAssertEqual(
        $0 as? ConfigurationError, .missingField(file: folder.path("some.model.json"), field: "name"))
    }
    try folder.write([UInt8](repeating: 0x20, count: 1 << 20 + 1), "some.model.json")
    XCTAssertThrowsError(try find()) {
      guard case FileError.tooLarge = $0 else { return XCTFail("\($0)") }
    }
  }

  /// A file with the names and shapes of a released model, but one byte an element and all of it a hole.
  func testReleasedModelsAreRecognisedByTheirShapes() throws {
    let folder = try TemporaryFolder()
    for preset in [SANConfiguration.vitB16, .vitL14] {
      for extra in [[], [("criterion.empty_weight", [172])], [("surprise", [1])]] as [[(String, [Int])]] {
        var offset = 0
        let members = (preset.parameterShapes.map { ($0.name, $0.shape) } + extra).map { name, shape in
          defer { offset += shape.reduce(1, *) }
          let end = offset + shape.reduce(1, *)
          return "\"\(name)\":{\"dtype\":\"U8\",\"shape\":\(shape),\"data_offsets\":[\(offset),\(end)]}"
        }
        let header = Array("{\(members.joined(separator: ","))}".utf8)
        let path = try folder.write(littleEndian(UInt64(header.count)) + header, "model")
        XCTAssertEqual(truncate(path, 8 + header.count + offset), 0)
        let checkpoint = try Checkpoint.open(path: path)
        if extra.first?.0 == "surprise" {
          XCTAssertThrowsError(try SANConfiguration.find(for: checkpoint))
        } else {
          XCTAssertEqual(try SANConfiguration.find(for: checkpoint), preset)
          XCTAssertThrowsError(try ModelParameters(checkpoint: checkpoint, configuration: preset)) {
            guard case CheckpointError.unsupportedElementType(path, _, "U8") = $0 else {
              return XCTFail("\($0)")
            }
          }
        }
      }
    }
  }
}
