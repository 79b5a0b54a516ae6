import Foundation
import SANCore
import TestSupport
import XCTest

final class SANConfigurationTests: XCTestCase {
  private func read(_ json: String) throws -> SANConfiguration {
    try SANConfiguration(json: Array(json.utf8), file: "config.json")
  }

  private let vitB16 = """
    {
      "name": "san-vit-b-16",
      "clip": {
        "image": {
          "width": 768,
          "layers": 12,
          "heads": 12,
          "patch_size": 16,
          "grid": [14, 14]
        },
        "text": {
          "width": 512,
          "layers": 12,
          "heads": 8,
          "context_length": 77,
          "vocabulary_size": 49408
        },
        "embedding": 512,
        "resolution_scale": 0.5,
        "extractor_layers": 9
      },
      "side_adapter": {
        "width": 240,
        "layers": 8,
        "heads": 6,
        "patch_size": 16,
        "grid": [40, 40],
        "fusion": [[0, 0], [3, 1], [6, 2], [9, 3]],
        "queries": 100
      },
      "mask_decoder": {
        "channels": 256,
        "mlp_layers": 3,
        "bias_heads": 12
      },
      "input": {
        "short_side": 640
      }
    }

    """

  func testReadsAndWritesTheSameText() throws {
    XCTAssertEqual(try read(vitB16), .vitB16)
    XCTAssertEqual(SANConfiguration.vitB16.json, vitB16)
    XCTAssertEqual(try read(SANConfiguration.vitL14.json), .vitL14)
    XCTAssertTrue(SANConfiguration.vitL14.json.contains("\"resolution_scale\": 0.7,"))
  }

  func testPresetsAreValid() throws {
    for preset in [SANConfiguration.vitB16, .vitL14, ProceduralModel.toyConfiguration] {
      XCTAssertNoThrow(try preset.validate(file: "x"))
    }
  }

  func testVitL14() {
    let configuration = SANConfiguration.vitL14
    XCTAssertEqual(configuration.name, "san-vit-l-14")
    XCTAssertEqual(configuration.clip.image.heads, 16)
    XCTAssertEqual(configuration.clip.text.heads, 12)
    XCTAssertEqual(configuration.clip.extractorLayers, 18)
    XCTAssertEqual(configuration.sideAdapter.heads, 6)
    XCTAssertEqual("\(configuration.sideAdapter.fusion)", "[[0, 0], [6, 1], [12, 2], [18, 3]]")
    XCTAssertEqual(configuration.maskDecoder.biasHeads, 16)
  }

  /// `value` as text without the member at `path`.
  private func text(_ value: JSONValue, without path: ArraySlice<String>) -> String {
    switch value {
    case .object(let members):
      let kept = members.filter { $0.name != path.first || path.count > 1 }
      let parts = kept.map { member in
        "\(jsonString(member.name)):"
          + text(member.value, without: member.name == path.first ? path.dropFirst() : [])
      }
      return "{\(parts.joined(separator: ","))}"
    case .array(let elements): return "[\(elements.map { text($0, without: []) }.joined(separator: ","))]"
    case .string(let string): return jsonString(string)
    case .integer(let integer): return "\(integer)"
    case .real(let real): return "\(real)"
    case .boolean(let boolean): return "\(boolean)"
    case .null: return "null"
    }
  }

  /// The paths of all members, objects included.
  private func paths(_ value: JSONValue, _ prefix: [String] = []) -> [[String]] {
    guard case .object(let members) = value else { return [] }
    return members.flatMap { [prefix + [$0.name]] + paths($0.value, prefix + [$0.name]) }
  }

  func testEveryFieldIsRequired() throws {
    let value = try Array(vitB16.utf8).withUnsafeBytes { try JSONValue(parsing: $0) }
    let paths = paths(value)
    XCTAssertEqual(paths.count, 31)
    for path in paths {
      XCTAssertThrowsError(try read(text(value, without: path[...])), path.joined(separator: ".")) {
        XCTAssertEqual(
          $0 as? ConfigurationError, .missingField(file: "config.json", field: path.joined(separator: ".")))
      }
    }
    XCTAssertEqual(try read(text(value, without: [])), .vitB16)
  }

  func testUnknownFieldsAreErrors() throws {
    let json = vitB16.replacingOccurrences(of: "\"queries\": 100", with: "\"queries\": 100, \"quieries\": 1")
    XCTAssertThrowsError(try read(json)) {
      XCTAssertEqual(
        $0 as? ConfigurationError, .unknownField(file: "config.json", field: "side_adapter.quieries"))
      XCTAssertEqual("\($0)", #"config.json: there is no field "side_adapter.quieries" in a configuration"#)
    }
  }

  func testEveryValueIsChecked() throws {
    for (old, new, field) in [
      ("\"san-vit-b-16\"", "\"\"", "name"), ("\"san-vit-b-16\"", "7", "name"),
      ("\"san-vit-b-16\"", "\"a\\u0007\"", "name"), ("\"width\": 768", "\"width\": 0", "clip.image.width"),
      ("\"width\": 768", "\"width\": 9223372036854775807", "clip.image.width"),
      ("\"width\": 768", "\"width\": 768.0", "clip.image.width"),
      ("\"width\": 768", "\"width\": \"768\"", "clip.image.width"),
      ("\"width\": 768", "\"width\": 770", "clip.image.heads"),
      ("\"layers\": 12", "\"layers\": 1", "clip.image.layers"),
      ("\"layers\": 12", "\"layers\": 9", "clip.extractor_layers"),
      ("\"layers\": 12", "\"layers\": 100000", "clip.image.layers"),
      ("\"heads\": 12", "\"heads\": -1", "clip.image.heads"),
      ("\"heads\": 12", "\"heads\": 16", "mask_decoder.bias_heads"),
      ("\"patch_size\": 16", "\"patch_size\": 0", "clip.image.patch_size"),
      ("[14, 14]", "[14]", "clip.image.grid"), ("[14, 14]", "[0, 14]", "clip.image.grid"),
      ("[14, 14]", "[14, 5000]", "clip.image.grid"), ("[14, 14]", "14", "clip.image.grid"),
      ("[14, 14]", "[14, null]", "clip.image.grid"), ("\"heads\": 8", "\"heads\": 7", "clip.text.heads"),
      ("\"context_length\": 77", "\"context_length\": 2", "clip.text.context_length"),
      ("\"vocabulary_size\": 49408", "\"vocabulary_size\": 514", "clip.text.vocabulary_size"),
      ("\"embedding\": 512", "\"embedding\": 0", "clip.embedding"),
      ("\"resolution_scale\": 0.5", "\"resolution_scale\": 0", "clip.resolution_scale"),
      ("\"resolution_scale\": 0.5", "\"resolution_scale\": 1.01", "clip.resolution_scale"),
      ("\"resolution_scale\": 0.5", "\"resolution_scale\": true", "clip.resolution_scale"),
      ("\"extractor_layers\": 9", "\"extractor_layers\": 12", "clip.extractor_layers"),
      ("\"extractor_layers\": 9", "\"extractor_layers\": 0", "clip.extractor_layers"),
      ("\"extractor_layers\": 9", "\"extractor_layers\": 8", "side_adapter.fusion"),
      ("\"heads\": 6", "\"heads\": 7", "side_adapter.heads"),
      ("[40, 40]", "[40, 40, 1]", "side_adapter.grid"),
      ("[9, 3]", "[9, 9]", "side_adapter.fusion"), ("[9, 3]", "[9, 2]", "side_adapter.fusion"),
      ("[9, 3]", "[9]", "side_adapter.fusion"), ("[9, 3]", "[-1, 3]", "side_adapter.fusion"),
      ("[9, 3]", "9", "side_adapter.fusion"),
      ("[[0, 0], [3, 1], [6, 2], [9, 3]]", "[]", "side_adapter.fusion"),
      ("\"queries\": 100", "\"queries\": 0", "side_adapter.queries"),
      ("\"channels\": 256", "\"channels\": 0", "mask_decoder.channels"),
      ("\"mlp_layers\": 3", "\"mlp_layers\": 1", "mask_decoder.mlp_layers"),
      ("\"short_side\": 640", "\"short_side\": 31", "input.short_side"),
      ("\"short_side\": 640", "\"short_side\": 100000", "input.short_side"),
    ] {
      // The first occurrence alone.
      let range = try XCTUnwrap(vitB16.range(of: old), old)
      XCTAssertThrowsError(try read(vitB16.replacingCharacters(in: range, with: new)), new) {
        guard case .invalidValue("config.json", let named, _, _)? = $0 as? ConfigurationError else {
          return XCTFail("\(new): \($0)")
        }
        XCTAssertEqual(named, field, new)
      }
    }
  }

  func testErrorsTellWhatIsAllowed() throws {
    XCTAssertThrowsError(try read(vitB16.replacingOccurrences(of: "[9, 3]", with: "[10, 3]"))) {
      XCTAssertEqual(
        "\($0)",
        #"config.json: "side_adapter.fusion" is [10, 3]; allowed is CLIP layers of 0 to 9"#)
    }
  }

  func testRefusesWhatIsNoObject() {
    for json in ["", "[]", "1", "{", vitB16 + "x"] {
      XCTAssertThrowsError(try read(json)) {
        guard case ConfigurationError.notJSON(file: "config.json", _) = $0 else { return XCTFail("\($0)") }
      }
    }
    XCTAssertThrowsError(try read("{\"name\": \"x\", \"clip\": 1}")) {
      XCTAssertEqual(
        $0 as? ConfigurationError,
        .invalidValue(file: "config.json", field: "clip", value: "1", allowed: "an object"))
    }
  }

  func testParameterShapesEqualTheGoldenOnesInNameShapeAndOrder() throws {
    for (file, configuration, count) in [
      ("toy", ProceduralModel.toyConfiguration, 2_034_419), ("san_vit_b_16", .vitB16, 157_840_307),
      ("san_vit_l_14", .vitL14, nil),
    ] as [(String, SANConfiguration, Int?)] {
      let json = try Fixture.bytes("golden/\(file).shapes.json")
      let golden = try json.withUnsafeBytes { try JSONValue(parsing: $0) }
      guard case .object(let members) = golden else { return XCTFail(file) }
      let shapes = configuration.parameterShapes.sorted { $0.name < $1.name }
      let expected = members.sorted { $0.name < $1.name }
      XCTAssertEqual(shapes.map(\.name), expected.map(\.name), file)
      XCTAssertEqual(
        shapes.map { JSONValue.array($0.shape.map(JSONValue.integer)) }, expected.map(\.value), file)
      if let count { XCTAssertEqual(configuration.parameterCount, count, file) }
    }
  }

  /// A hybrid's configuration comes back as it was written, and one without its keys is as ever.
  func testHybrid() throws {
    let configuration = try SANConfiguration(path: Fixture.url("hybrid/config.json").path)
    XCTAssertEqual(configuration.clip.image.stem?.blocks.count, 7)
    XCTAssertEqual(configuration.clip.image.stem?.hidden, 36)
    XCTAssertEqual(configuration.maskDecoder.stride, 8)
    XCTAssertEqual(configuration.dense, SANConfiguration.Dense(mask: 0.75, maskMean: 1.25, places: 0.5))
    XCTAssertEqual(configuration.input.mean, [127, 127, 127])
    XCTAssertEqual(
      try SANConfiguration(json: Array(configuration.json.utf8), file: "again"), configuration)
    XCTAssertEqual(SANConfiguration.vitB16.dense, .none)
    XCTAssertFalse(SANConfiguration.vitB16.json.contains("stem"))
    XCTAssertFalse(SANConfiguration.vitB16.json.contains("std"))
  }

  func testHostileHybrids() throws {
    let json = String(decoding: try Fixture.bytes("hybrid/config.json"), as: UTF8.self)
      .filter { !$0.isWhitespace }
    for (before, after, field) in [
      (#""kind":"efficientnet-lite""#, #""kind":"resnet""#, "clip.image.stem.kind"),
      (#""channels":10,"#, #""channels":0,"#, "clip.image.stem.channels"),
      ("[1,3,1,8,1]", "[1,4,1,8,1]", "clip.image.stem.blocks"),
      ("[1,3,1,8,1]", "[1,3,1,8]", "clip.image.stem.blocks"),
      ("[1,3,1,8,1]", "[1,3,2,8,1]", "clip.image.stem.blocks"),
      ("[1,3,1,8,1]", "[1,3,1,8,9223372036854775807]", "clip.image.stem.blocks"),
      ("[6,3,2,12,2]", "[6,3,1,12,2]", "clip.image.stem.blocks"),
      (#""head":44"#, #""head":8193"#, "clip.image.stem.head"),
      (#""hidden":36"#, #""hidden":-1"#, "clip.image.stem.hidden"),
      (#""hidden":36"#, #""hidden":36,"deep":1"#, "clip.image.stem.deep"),
      (#""stride":8"#, #""stride":4"#, "mask_decoder.stride"),
      (#""resolution_scale":1.0"#, #""resolution_scale":0.5"#, "clip.resolution_scale"),
      (#""mask":0.75"#, #""mask":-0.75"#, "dense"), (#""mask":0.75"#, #""mask":1e300"#, "dense"),
      (#""places":0.5"#, #""place":0.5"#, "dense.places"),
      ("[128.0,128.0,128.0]", "[0,128.0,128.0]", "input.std"),
      ("[127.0,127.0,127.0]", "[127.0,127.0]", "input.mean"),
    ] {
      XCTAssert(json.contains(before), before)
      let changed = json.replacingOccurrences(of: before, with: after)
      XCTAssertThrowsError(try SANConfiguration(json: Array(changed.utf8), file: "f"), after) {
        XCTAssert("\($0)".contains("\"\(field)\""), "\($0), not \(field)")
      }
    }
  }
}
