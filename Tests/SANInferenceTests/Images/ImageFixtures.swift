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

/// The pixels that make_image_fixtures.py's `noise` draws.
func noise(count: Int, seed: UInt32) -> [UInt8] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(state >> 24)
  }
}

func crc32(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(~UInt32(0)) { crc, byte in
    (0..<8).reduce(crc ^ UInt32(byte)) { c, _ in c >> 1 ^ (c & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
}

/// A folder of its own, removed when the value goes.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("san-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func bytes(_ name: String) throws -> [UInt8] {
    try Data(contentsOf: URL(fileURLWithPath: file(name))).map { $0 }
  }

  func contents() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}
