import SANCore
import SANInference
import TestSupport
import XCTest

/// What an embedding is kept under.
final class TextCacheKeyTests: XCTestCase {
  private static let toy = ProceduralModel.parameters(ProceduralModel.toyConfiguration)

  private func key(_ templates: PromptTemplates) -> TextCacheKey {
    TextCacheKey(fingerprint: TextFingerprint(Self.toy), templates: templates, width: 32)
  }

  /// The toy model with one tensor changed.
  private func changed(_ name: String, _ change: (inout [Float]) -> Void) -> TextFingerprint {
    TextFingerprint(
      ModelParameters(configuration: Self.toy.configuration) { other, shape in
        guard other == name else { return Self.toy[other] }
        var values = Self.toy[name].values
        change(&values)
        return Tensor(shape: shape, values)
      })
  }

  func testEveryTensorOfTheTextTowerCounts() {
    let own = TextFingerprint(Self.toy)
    XCTAssertEqual(own, TextFingerprint(ProceduralModel.parameters(ProceduralModel.toyConfiguration)))
    var seen: Set = [own]
    for (name, _) in Self.toy.configuration.parameterShapes {
      // As little as a step of training does.
      let other = changed(name) { values in
        for index in values.indices { values[index] = values[index].nextUp }
      }
      let counts =
        name.hasPrefix("ov_classifier.")
        && !["ov_classifier.bg_embed", "ov_classifier.logit_scale"].contains(name)
      XCTAssertEqual(other != own, counts, name)
      if counts { XCTAssert(seen.insert(other).inserted, name) }
    }
    XCTAssertGreaterThan(seen.count, 20)
  }

  func testSmallTensorsAndEndsCountInFull() {
    let own = TextFingerprint(Self.toy)
    let name = "ov_classifier.positional_embedding"
    for index in 0..<Self.toy[name].count {
      XCTAssertNotEqual(changed(name) { $0[index] = $0[index].nextUp }, own, "\(index)")
    }
    let table = "ov_classifier.token_embedding.weight"
    for index in [0, Self.toy[table].count - 1] {
      XCTAssertNotEqual(changed(table) { $0[index] = $0[index].nextUp }, own, "\(index)")
    }
  }

  func testTemplatesCountByTheirSentences() throws {
    XCTAssertEqual(key(.plain), key(try PromptTemplates(["{}"])))
    let keys = [
      key(.plain), key(.vild), key(.imagenet), key(try PromptTemplates(["a {}"])),
      key(try PromptTemplates(["a {}", "b {}"])), key(try PromptTemplates(["b {}", "a {}"])),
      key(try PromptTemplates(["a {}b {}"])),
    ]
    XCTAssertEqual(Set(keys).count, keys.count)
  }

  func testNamesThatReadAlike() throws {
    let plain = key(.vild)
    XCTAssertEqual(plain.classDigest(of: "Traffic  LIGHT"), plain.classDigest(of: "traffic light"))
    let differ = ["cat", "cats", "cat ", " cat", "&cat", "kat", "ça", "Ça", "=cat", "!cat", ""]
    XCTAssertEqual(Set(differ.map(plain.classDigest)).count, differ.count)
    // Within "&…;" a name's case matters.
    let entity = key(try PromptTemplates(["&{};"]))
    XCTAssertNotEqual(entity.classDigest(of: "Eacute"), entity.classDigest(of: "eacute"))
  }
}
