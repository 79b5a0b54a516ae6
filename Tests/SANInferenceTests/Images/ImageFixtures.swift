import Foundation
import SANInference
import TestSupport

/// The pictures under Fixtures/images, or in another folder, and what Pillow makes of them.
struct ImageFixtures: Decodable {
  struct Picture: Decodable {
    let name: String
    let width, height: Int
    /// Where the upright RGB pixels start in expected.bin, laid over white.
    let rgb: Int
    /// Where the alpha of each pixel starts; nil where all are opaque.
    let alpha: Int?
    /// How far pixels may be off where the library is another than made the fixtures; nil: not at all.
    let near: Int?
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
  let resizes: [Resize]?

  static func load(
    _ folder: URL = Fixture.url("images")
  ) throws -> (index: ImageFixtures, expected: [UInt8]) {
    let text = try Data(contentsOf: folder.appendingPathComponent("expected.json"))
    let index = try JSONDecoder().decode(ImageFixtures.self, from: text)
    return (index, Array(try Data(contentsOf: folder.appendingPathComponent("expected.bin"))))
  }
}

extension ImageFixtures.Picture {
  /// Its pixels and alpha among those expected.
  func expected(in bytes: [UInt8]) -> (rgb: [UInt8], alpha: [UInt8]?) {
    (Array(bytes[rgb..<rgb + width * height * 3]), alpha.map { Array(bytes[$0..<$0 + width * height]) })
  }
}

/// A picture decoded, or why not.
func decoding(
  _ bytes: [UInt8], _ name: String, cutPictures: CutPictures = .refused
) -> Result<RGBImage, ImageError> {
  do throws(ImageError) {
    return .success(try RGBImage(decoding: bytes, name: name, cutPictures: cutPictures))
  } catch {
    return .failure(error)
  }
}
