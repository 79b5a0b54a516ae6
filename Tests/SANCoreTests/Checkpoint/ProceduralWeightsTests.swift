import SANCore
import TestSupport
import XCTest

/// Bit patterns computed by NumPy.
final class ProceduralWeightsTests: XCTestCase {
  private func check(_ values: [Float], _ expected: [UInt32], _ name: String) {
    let count = values.count
    let some = [values[0], values[1 % count], values[count / 2], values[count - 1]]
    XCTAssertEqual(some.map(\.bitPattern), expected, name)
  }

  func testWeights() {
    for (name, shape, expected) in [
      ("ov_classifier.logit_scale", [], [0x4093_5D8E, 0x4093_5D8E, 0x4093_5D8E, 0x4093_5D8E]),
      (
        "side_adapter_network.mask_decoder.bias_scaling.weight", [1, 1],
        [0x4080_0000, 0x4080_0000, 0x4080_0000, 0x4080_0000]
      ),
      (
        "side_adapter_network.query_pos_embed", [1, 10, 48],
        [0x3E93_B8A0, 0x3D93_4D50, 0xBEAA_BD6A, 0xBE3E_40C0]
      ),
      ("clip_rec_head.proj", [64, 32], [0x3E3D_4F1D, 0x3E03_B584, 0x3D0D_FB70, 0x3E1D_8FCA]),
      ("clip_visual_extractor.ln_pre.weight", [64], [0x3F8A_03CB, 0x3F6F_2A25, 0x3F8A_7318, 0x3F89_64CF]),
      ("clip_visual_extractor.ln_pre.bias", [64], [0x3DB9_619A, 0xBBB0_9F9A, 0xBCB4_B8C0, 0x3DCC_B8B7]),
      (
        "side_adapter_network.vit_model.blocks.0.attn.qkv.weight", [144, 48],
        [0x3D9F_F9F8, 0x3D38_D420, 0x3E3E_E1D0, 0xBE44_CD7C]
      ),
      (
        "clip_visual_extractor.conv1.weight", [64, 3, 16, 16],
        [0x3D4A_F1AA, 0x3D18_3F22, 0x3CA5_C414, 0x3D45_E1C8]
      ),
      (
        "ov_classifier.token_embedding.weight", [49408, 32],
        [0xBE29_EFA8, 0x3ECC_BF24, 0x3E52_5AFC, 0xBE70_65D8]
      ),
    ] as [(String, [Int], [UInt32])] {
      check(ProceduralWeights.values(name, shape), expected, name)
    }
    check(
      ProceduralWeights.values("clip_visual_extractor.ln_pre.weight", [64], salt: "x/"),
      [0x3F68_ECF2, 0x3F85_DC1D, 0x3F85_83E5, 0x3F6E_1348], "with salt")
  }

  private func hash(_ hash: inout UInt64, _ values: [Float]) {
    for value in values {
      for byte in littleEndian(value.bitPattern) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
  }

  /// FNV-1a over every byte of the toy model's weights but the token embedding, in a released file's order.
  func testAllToyWeights() throws {
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    let golden = try Fixture.bytes("golden/toy.shapes.json").withUnsafeBytes { try JSONValue(parsing: $0) }
    guard case .object(let members) = golden else { return XCTFail("an object") }
    let shapes = Dictionary(
      uniqueKeysWithValues: ProceduralModel.toyConfiguration.parameterShapes.map { ($0.name, $0.shape) })
    for name in members.map(\.name) where name != "ov_classifier.token_embedding.weight" {
      hash(&sum, ProceduralWeights.values(name, try XCTUnwrap(shapes[name])))
    }
    XCTAssertEqual(sum, 0x4A51_0E4C_923E_1C7C)
  }

  func testImage() {
    let image = ProceduralWeights.image("input/toy", height: 128, width: 160)
    check(image, [0x3F1E_5382, 0x3F78_9069, 0xBF0D_F43C, 0x3F34_254E], "image")
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    hash(&sum, image)
    XCTAssertEqual(sum, 0x6D04_F95B_A5AD_0337)
  }
}
