import SANInference
import XCTest

final class PaletteTests: XCTestCase {
  /// Twenty chosen ones, and twenty of the walk, worked out with exact fractions elsewhere.
  private static let first = [
    "#e0243c", "#2878f0", "#ffd21e", "#3cc85a", "#ff5ab4", "#32dcf0", "#ff8214", "#6e1ec8", "#c8f050",
    "#96501e",
    "#0f8c82", "#c8a0ff", "#1e3296", "#ffb996", "#8c8c14", "#961e78", "#8cf0b4", "#5f91af", "#781428",
    "#e632f0",
    "#35fa55", "#a01527", "#7aa1d7", "#667d2e", "#ea00eb", "#4cb998", "#ffb27d", "#110091", "#72ff55",
    "#6e1c42",
    "#35c9fa", "#a09915", "#b77ad7", "#2e7d4b", "#eb1200", "#4c63b9", "#beff7d", "#910073", "#55ffef",
    "#6e4e1c",
  ]

  func testFirstForty() {
    XCTAssertEqual((0..<40).map { Palette.color(of: $0).hex }, Self.first)
    XCTAssertEqual(Palette.other.hex, "#808080")
  }

  func testLabelMapsColoursAreDistinct() {
    let colors = (0..<255).map(Palette.color) + [Palette.other]
    XCTAssertEqual(Set(colors).count, 256)
  }

  func testNeighboursAreFarApart() {
    for index in 0..<2000 {
      XCTAssertGreaterThan(
        distance(Palette.color(of: index), Palette.color(of: index + 1)), 140, "\(index)")
      XCTAssertGreaterThan(distance(Palette.color(of: index), Palette.other), 80, "\(index)")
    }
  }

  func testAnyIndex() {
    for index in [65_534, 65_536, 1 << 40, Int.max] { XCTAssertEqual(Palette.color(of: index).hex.count, 7) }
  }

  func testHex() {
    XCTAssertEqual(RGBColor(0x01_0A_F0).hex, "#010af0")
    XCTAssertEqual(RGBColor(0xFF_01_0A_F0), RGBColor(red: 1, green: 10, blue: 240))
  }

  private func distance(_ a: RGBColor, _ b: RGBColor) -> Int {
    abs(Int(a.red) - Int(b.red)) + abs(Int(a.green) - Int(b.green)) + abs(Int(a.blue) - Int(b.blue))
  }
}
