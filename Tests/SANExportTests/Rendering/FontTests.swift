import Foundation
import SANExport
import SANInference
import SANWeights
import TestSupport
import XCTest

/// Letters against FreeType's, and font files that are not sound.
final class FontTests: XCTestCase {
  private struct Sample: Decodable {
    let letter: String
    let (xHeight, fraction, width, height): (Int, Int, Int, Int)
    let coverage: [Int]

    private enum Key: CodingKey { case letter, xHeight, fraction, width, height, coverage }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      func number(_ key: Key) throws -> Int { try values.decode(Int.self, forKey: key) }
      letter = try values.decode(String.self, forKey: .letter)
      (xHeight, fraction) = (try number(.xHeight), try number(.fraction))
      (width, height) = (try number(.width), try number(.height))
      coverage = try values.decode([Int].self, forKey: .coverage)
    }
  }

  func testLettersAsFreeTypeDrawsThem() throws {
    let font = try Font.standard()
    let samples = try JSONDecoder().decode(
      [Sample].self, from: Data(Fixture.bytes("rendering/glyphs.json")))
    XCTAssertEqual(samples.count, 7)
    for sample in samples {
      let bitmap = GlyphBitmap(
        font.glyph(Character(sample.letter)), of: font, xHeight: sample.xHeight, fraction: sample.fraction)
      let drawn = bitmap.drawn(
        sample.letter, width: sample.width, height: sample.height, xHeight: sample.xHeight)
      XCTAssertGreaterThan(sample.coverage.reduce(0, +), 2000)
      for (index, expected) in sample.coverage.enumerated() {
        // FreeType moves the enlarged outline to its own grid: up to half a pixel in 32, so 4 in 255 along an
        // edge, and 8 where a stem has both of its edges in one pixel.
        XCTAssertLessThanOrEqual(
          abs(drawn[index] - expected), 8,
          "\(sample.letter) at \(index % sample.width), \(index / sample.width)")
      }
    }
  }

  func testCharacters() throws {
    let font = try Font.standard()
    let box = font.glyph("\u{E000}")
    XCTAssertEqual(font.glyph("猫"), box)
    XCTAssertEqual(font.glyph("👨‍👩‍👧‍👦"), box)
    for letter in "AZaz09-,()'ÄßéøŁžğΑΩαςЖщїҚẾđ–’…€" {
      XCTAssertNotEqual(font.glyph(letter), box, "\(letter)")
    }
    XCTAssertEqual(font.glyph("e\u{301}"), font.glyph("\u{E9}"))
    XCTAssertEqual(font.glyph("x\u{301}"), font.glyph("x"))
    for space in ["\t", "\n", "\r\n", "\u{3000}"] as [Character] {
      XCTAssertEqual(font.glyph(space), font.glyph(" "))
    }
    XCTAssertGreaterThan(box.advance, 0)
  }

  func testDamagedFilesAreRefused() throws {
    let bytes = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: SANWeights.path("fonts/dejavu-sans.outlines"))))
    XCTAssertNoThrow(try Font(bytes: bytes, name: "font"))
    for count in [0, 7, 8, 19, 20, 25, 1000, bytes.count - 1] {
      XCTAssertThrowsError(try Font(bytes: Array(bytes.prefix(count)), name: "font")) {
        XCTAssertTrue("\($0)".hasPrefix("font: "), "\($0)")
      }
    }
    XCTAssertThrowsError(try Font(bytes: bytes + [0], name: "font"))
    // Two bytes each: units per em, heights, ascent, descent; the first code.
    for (offset, value) in [(8, 0), (10, 0), (12, 9999), (14, 1), (16, 65_535), (20, 5)] {
      var damaged = bytes
      (damaged[offset], damaged[offset + 1]) = (UInt8(value & 255), UInt8(value >> 8))
      XCTAssertThrowsError(try Font(bytes: damaged, name: "font"), "at \(offset)")
    }
  }

  func testMutatedFilesDoNotCrash() throws {
    let whole = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: SANWeights.path("fonts/dejavu-sans.outlines"))))
    // The box, the space and ten signs: the first length at which twelve glyphs are all there is.
    let few = try XCTUnwrap(
      (20..<3000).lazy.map { Array(whole[..<18]) + [12, 0] + Array(whole[20..<$0]) }.first {
        (try? Font(bytes: $0, name: "font")) != nil
      })
    var state: UInt64 = 5
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var read = 0
    for _ in 0..<3000 {
      var bytes = few
      for _ in 0...next(3) { bytes[next(bytes.count)] = UInt8(next(256)) }
      do {
        _ = try Font(bytes: bytes, name: "font")
        read += 1
      } catch let error {
        XCTAssertEqual(error.name, "font")
      }
    }
    for _ in 0..<300 {
      var bytes = whole
      for _ in 0...next(3) { bytes[next(bytes.count)] = UInt8(next(256)) }
      guard let font = try? Font(bytes: bytes, name: "font") else { continue }
      read += 1
      for letter in "cat 0.5% …" {
        _ = GlyphBitmap(font.glyph(letter), of: font, xHeight: 7, fraction: next(256))
      }
    }
    XCTAssertGreaterThan(read, 500)
  }
}

extension GlyphBitmap {
  /// The coverage of each pixel of a sample picture, whose pen stands at column 4 and whose baseline is below 2 x-heights.
  func drawn(_ letter: String, width: Int, height: Int, xHeight: Int) -> [Int] {
    var drawn = [Int](repeating: 0, count: width * height)
    for row in 0..<self.height {
      for column in 0..<self.width where coverage[row * self.width + column] > 0 {
        let (x, y) = (column + left + 4, row + top + 2 * xHeight)
        guard (0..<width).contains(x), (0..<height).contains(y) else {
          XCTFail("\(letter) reaches \(x), \(y)")
          continue
        }
        drawn[y * width + x] = Int(coverage[row * self.width + column])
      }
    }
    return drawn
  }
}
