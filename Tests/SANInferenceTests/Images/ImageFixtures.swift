import Foundation
import SANInference
import TestSupport

/// The pictures under Fixtures/images and what Pillow makes of them.
struct ImageFixtures: Decodable {
  struct Picture: Decodable {
    let name: String
    let width, height: Int
    /// Where the upright RGB pixels start in expected.bin.
    let rgb: Int
    /// Where the labels as stored start, 16 bits each, little-endian, for grey and palette PNG.
    let labels: Int?
  }

  struct Resize: Decodable {
    let seed: UInt32
    let from, to: [Int]
    let filter: String
    let crc32: UInt32
    /// Where the result starts in expected.bin; big ones are told by their checksum alone.
    let offset: Int?
  }

  let pictures: [Picture]
  let resizes: [Resize]

  static func load() throws -> (index: ImageFixtures, expected: [UInt8]) {
    let text = try Data(Fixture.bytes("images/expected.json"))
    let index = try JSONDecoder().decode(ImageFixtures.self, from: text)
    return (index, try Fixture.bytes("images/expected.bin"))
  }
}
