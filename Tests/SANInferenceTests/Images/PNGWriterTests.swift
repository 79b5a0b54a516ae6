import SANInference
import TestSupport
import XCTest

/// What is written is read back, pixel by pixel.
final class PNGWriterTests: XCTestCase {
  private let sizes = [(1, 1), (2, 3), (33, 47), (3000, 2), (2, 3000), (255, 256)]

  func testRGB() throws {
    for (width, height) in sizes {
      let pixels = noise(count: width * height * 3, seed: 1)
      let image = try RGBImage(width: width, height: height, pixels: pixels)
      XCTAssertEqual(try RGBImage(decoding: PNGWriter.encode(image), name: "rgb"), image)
    }
  }

  func testRGBA() throws {
    for (width, height) in sizes {
      let pixels = noise(count: width * height * 4, seed: 2)
      let image = try RGBImage(
        decoding: PNGWriter.encode(rgba: pixels, width: width, height: height), name: "rgba")
      XCTAssertEqual(image.alpha, stride(from: 3, to: pixels.count, by: 4).map { pixels[$0] })
      // Colours are read as they lie over white.
      let colors = pixels.indices.filter { $0 % 4 != 3 }.map { index -> UInt8 in
        let alpha = Int(pixels[index / 4 * 4 + 3])
        return UInt8((Int(pixels[index]) * alpha + 255 * (255 - alpha) + 127) / 255)
      }
      XCTAssertEqual(image.pixels, colors)
    }
  }

  func testGray() throws {
    for (width, height) in sizes {
      let pixels = noise(count: width * height, seed: 3)
      let bytes = try PNGWriter.encode(gray: pixels, width: width, height: height)
      let labels = try LabelImage(decoding: bytes, name: "gray")
      XCTAssertEqual([labels.width, labels.height], [width, height])
      XCTAssertEqual(labels.labels, pixels.map(UInt16.init))
      XCTAssertEqual(try RGBImage(decoding: bytes, name: "gray").pixels, pixels.flatMap { [$0, $0, $0] })
    }
  }

  func testGray16() throws {
    for (width, height) in sizes {
      let low = noise(count: width * height, seed: 4)
      let high = noise(count: width * height, seed: 5)
      let values = zip(low, high).map { UInt16($0) | UInt16($1) << 8 }
      let bytes = try PNGWriter.encode(gray16: values, width: width, height: height)
      XCTAssertEqual(try LabelImage(decoding: bytes, name: "gray16").labels, values)
      XCTAssertEqual(try RGBImage(decoding: bytes, name: "gray16").pixels, high.flatMap { [$0, $0, $0] })
    }
  }

  func testPalette() throws {
    for count in [1, 2, 21, 256] {
      let colors = noise(count: count * 3, seed: 6)
      var palette: [(red: UInt8, green: UInt8, blue: UInt8)] = []
      for i in 0..<count { palette.append((colors[3 * i], colors[3 * i + 1], colors[3 * i + 2])) }
      for (width, height) in sizes {
        let indices = noise(count: width * height, seed: 7).map { UInt8(Int($0) % count) }
        let bytes = try PNGWriter.encode(indices: indices, palette: palette, width: width, height: height)
        XCTAssertEqual(try LabelImage(decoding: bytes, name: "palette").labels, indices.map(UInt16.init))
        let pixels = indices.flatMap { colors[3 * Int($0)..<3 * Int($0) + 3] }
        XCTAssertEqual(try RGBImage(decoding: bytes, name: "palette").pixels, pixels)
      }
    }
  }

  /// Nothing but header, palette, data and end: no time, no program's name.
  func testChunks() throws {
    let palette: [(red: UInt8, green: UInt8, blue: UInt8)] = [(1, 2, 3), (4, 5, 6)]
    let bytes = try PNGWriter.encode(indices: [0, 1], palette: palette, width: 2, height: 1)
    XCTAssertEqual(chunks(of: bytes).map(\.kind), ["IHDR", "PLTE", "IDAT", "IEND"])
    XCTAssertEqual(chunks(of: bytes)[0].data, [0, 0, 0, 2, 0, 0, 0, 1, 8, 3, 0, 0, 0])
    XCTAssertEqual(chunks(of: bytes)[1].data, [1, 2, 3, 4, 5, 6])
    let gray = try PNGWriter.encode(gray16: [1], width: 1, height: 1)
    XCTAssertEqual(chunks(of: gray).map(\.kind), ["IHDR", "IDAT", "IEND"])
    XCTAssertEqual(chunks(of: gray)[0].data, [0, 0, 0, 1, 0, 0, 0, 1, 16, 0, 0, 0, 0])
  }

  func testTheSamePictureIsTheSameBytes() throws {
    let image = try RGBImage(width: 50, height: 40, pixels: noise(count: 6000, seed: 8))
    XCTAssertEqual(try PNGWriter.encode(image), try PNGWriter.encode(image))
  }

  func testSizesThatDoNotFit() {
    let wrong: [(() throws -> [UInt8], ImageError)] = [
      (
        { try PNGWriter.encode(gray: [1, 2, 3], width: 2, height: 2) },
        .wrongPixelCount(width: 2, height: 2, expected: 4, actual: 3)
      ),
      (
        { try PNGWriter.encode(rgba: [1, 2, 3], width: 1, height: 1) },
        .wrongPixelCount(width: 1, height: 1, expected: 4, actual: 3)
      ),
      (
        { try PNGWriter.encode(gray16: [], width: 0, height: 5) },
        .wrongPixelCount(width: 0, height: 5, expected: nil, actual: 0)
      ),
    ]
    for (encode, expected) in wrong {
      XCTAssertThrowsError(try encode()) { XCTAssertEqual($0 as? ImageError, expected) }
    }
  }

  private func chunks(of bytes: [UInt8]) -> [(kind: String, data: [UInt8])] {
    var found: [(kind: String, data: [UInt8])] = []
    var at = 8
    while at + 12 <= bytes.count {
      let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      let kind = String(decoding: bytes[at + 4..<at + 8], as: UTF8.self)
      found.append((kind, Array(bytes[at + 8..<at + 8 + length])))
      at += length + 12
    }
    return found
  }
}
