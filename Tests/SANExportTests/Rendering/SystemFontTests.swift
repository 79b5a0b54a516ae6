import Foundation
import SANExport
import SANInference
import TestSupport
import XCTest

/// Letters from the system's fonts, where there are FreeType, fontconfig and fonts.
final class SystemFontTests: XCTestCase {
  private struct Sample: Decodable {
    /// The font's file, as Debian installs it, its length there, and the font's place in it.
    let path: String
    let bytes: Int
    let face: Int
    let letter: String
    let xHeight: Int
    let fraction: Int
    let width: Int
    let height: Int
    let coverage: [Int]
  }

  /// Collections of TrueType and of CFF outlines against Pillow's pictures of the same letters.
  func testLettersAsPillowDrawsThem() throws {
    let samples = try JSONDecoder().decode(
      [Sample].self, from: Data(Fixture.bytes("rendering/system_glyphs.json")))
    XCTAssertEqual(samples.count, 8)
    guard let freeType = FreeType.shared else { throw XCTSkip("libfreetype is not there") }
    let standard = try Font.standard()
    var compared = 0
    for sample in samples {
      let attributes = try? FileManager.default.attributesOfItem(atPath: sample.path)
      guard attributes?[.size] as? Int == sample.bytes else { continue }
      compared += 1
      let letter = Character(sample.letter)
      let font = standard.adding(
        freeType.outlines(
          of: [letter], path: sample.path, face: sample.face, unitsPerEm: standard.unitsPerEm))
      XCTAssertTrue(font.has(letter), sample.letter)
      let bitmap = GlyphBitmap(
        font.glyph(letter), of: font, xHeight: sample.xHeight, fraction: sample.fraction)
      let drawn = bitmap.drawn(
        sample.letter, width: sample.width, height: sample.height, xHeight: sample.xHeight)
      XCTAssertGreaterThan(sample.coverage.reduce(0, +), 1500)
      for (index, expected) in sample.coverage.enumerated() {
        // As in FontTests: FreeType moves the enlarged outline to its own grid, 4 in 255 for each edge, and a pixel of
        // these letters has up to four.
        XCTAssertLessThanOrEqual(
          abs(drawn[index] - expected), 16,
          "\(sample.letter) at \(index % sample.width), \(index / sample.width)")
      }
    }
    if compared == 0 { throw XCTSkip("neither WenQuanYi Micro Hei nor Noto Sans CJK is there") }
  }

  /// The legend has the letters, and the same in every picture of a run.
  func testLegends() throws {
    let names = ["cat", "猫", "Ärger – naïve", "дом ねこ", "고양이"]
    guard try Overlay.namesWithoutLetters(names).isEmpty else {
      throw XCTSkip("no font here has letters for Chinese, Japanese and Korean")
    }
    let image = try Pictures.gray(9, width: 60, height: 20)
    let labels = Pictures.labels(width: 60, height: 20, classCount: 5)
    let drawn = try Overlay.render(image, labels: labels, classes: names)
    XCTAssertEqual(drawn, try Overlay.render(image, labels: labels, classes: names))
    for place in [1, 3, 4] {
      var others = names
      others[place] = "\(place)"
      XCTAssertNotEqual(drawn, try Overlay.render(image, labels: labels, classes: others))
    }
    // One name without letters takes none of the others'.
    XCTAssertEqual(try Overlay.namesWithoutLetters(names + ["قط"]), ["قط"])
    // Where there are no libraries, it is as it was.
    let standard = try Font.standard()
    XCTAssertFalse(standard.completed(for: names, by: nil).has("猫"))
    XCTAssertTrue(standard.completed(for: names).has("猫"))
    XCTAssertEqual(standard.completed(for: ["dog"]).glyph("猫"), standard.glyph("猫"))
  }

  /// Files that are no fonts, or have not what is asked for, give no letters.
  func testFilesThatAreNoFonts() throws {
    guard let freeType = FreeType.shared else { throw XCTSkip("libfreetype is not there") }
    let folder = try TemporaryFolder()
    let text = folder.path + "/text.ttf"
    try Data("no font".utf8).write(to: URL(fileURLWithPath: text))
    for (path, face) in [(text, 0), ("/nowhere.ttf", 0), (folder.path, 0)] {
      XCTAssertEqual(freeType.outlines(of: ["a"], path: path, face: face, unitsPerEm: 2048), [:])
    }
    let font = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
    guard let whole = FileManager.default.contents(atPath: font) else {
      throw XCTSkip("\(font) is not there")
    }
    XCTAssertEqual(freeType.outlines(of: ["猫"], path: font, face: 0, unitsPerEm: 2048).count, 1)
    XCTAssertEqual(freeType.outlines(of: ["\u{E123}"], path: font, face: 0, unitsPerEm: 2048), [:])
    XCTAssertEqual(freeType.outlines(of: ["猫"], path: font, face: 99, unitsPerEm: 2048), [:])
    // Damaged ones have letters or none, and these keep to their bounds.
    var state: UInt64 = 7
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let standard = try Font.standard()
    for _ in 0..<40 {
      var bytes = whole
      for _ in 0..<2000 { bytes[next(bytes.count)] = UInt8(next(256)) }
      for _ in 0...next(8) { bytes[next(4096)] = UInt8(next(256)) }
      try bytes.write(to: URL(fileURLWithPath: text))
      let letters = freeType.outlines(of: ["猫", "森", "a"], path: text, face: 0, unitsPerEm: 2048)
      let damaged = standard.adding(letters)
      for letter in letters.keys {
        let bitmap = GlyphBitmap(damaged.glyph(letter), of: damaged, xHeight: 100, fraction: 0)
        XCTAssertLessThan(max(bitmap.width, bitmap.height), 1200)
      }
    }
  }
}
