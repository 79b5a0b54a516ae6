import Foundation
import SANInference
import XCTest

final class PaletteTests: XCTestCase {
  /// Forty chosen ones, and twenty of the walk, worked out with exact fractions elsewhere.
  private static let first = [
    "#e0243c", "#2878f0", "#ffd21e", "#3cc85a", "#ff5ab4", "#32dcf0", "#ff8214", "#6e1ec8", "#c8f050",
    "#96501e",
    "#0f8c82", "#c8a0ff", "#1e3296", "#ffb996", "#8c8c14", "#961e78", "#8cf0b4", "#5f91af", "#781428",
    "#e632f0",
    "#00550a", "#f5d2f0", "#c8738c", "#5a416e", "#e6e691", "#73ff46", "#504b1e", "#00aaff", "#ff3705",
    "#6ea05a",
    "#b45ad7", "#e6a546", "#be055a", "#fa7d5a", "#9bc3aa", "#005fa5", "#a5915f", "#00505f", "#69a500",
    "#005afa",
    "#7535fa", "#15a01a", "#d77a92", "#2e597d", "#c5eb00", "#aa4cb9", "#7dffc7", "#912900", "#5556ff",
    "#346e1c",
    "#fa35a9", "#158fa0", "#d7c67a", "#582e7d", "#00eb38", "#b94c51", "#7da9ff", "#5c9100", "#ff55f2",
    "#1c6e5c",
  ]

  func testFirstSixty() {
    XCTAssertEqual((0..<60).map { Palette.color(of: $0).hex }, Self.first)
    XCTAssertEqual(Palette.other.hex, "#808080")
  }

  /// Any two of the first forty can be told apart, and each from "other".
  func testFirstFortyInCIELAB() {
    let colors = (0..<40).map { Self.lab(Palette.color(of: $0)) }
    for (index, color) in colors.enumerated() {
      for other in 0..<index {
        XCTAssertGreaterThan(Self.difference(color, colors[other]), 28, "\(index) and \(other)")
      }
      XCTAssertGreaterThan(Self.difference(color, Self.lab(Palette.other)), 20, "\(index)")
    }
    // The yardstick: white, and sRGB's red as tables have it.
    XCTAssertEqual(Self.difference(Self.lab(RGBColor(0xFFFFFF)), [100, 0, 0]), 0, accuracy: 0.02)
    XCTAssertEqual(Self.difference(Self.lab(RGBColor(0xFF0000)), [53.24, 80.09, 67.20]), 0, accuracy: 0.02)
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

  /// CIELAB's lightness, a and b of an sRGB colour, for the white D65.
  private static func lab(_ color: RGBColor) -> [Double] {
    let linear = [color.red, color.green, color.blue].map { part in
      let share = Double(part) / 255
      return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
    }
    let rows = [
      [0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
      [0.0193339, 0.1191920, 0.9503041],
    ]
    let f = zip(rows, [0.95047, 1, 1.08883]).map { row, white in
      let share = zip(row, linear).map { $0 * $1 }.reduce(0, +) / white
      return share > 216.0 / 24_389 ? cbrt(share) : (share * 24_389 / 27 + 16) / 116
    }
    return [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]
  }

  /// The distance CIE76.
  private static func difference(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
  }

  private func distance(_ a: RGBColor, _ b: RGBColor) -> Int {
    abs(Int(a.red) - Int(b.red)) + abs(Int(a.green) - Int(b.green)) + abs(Int(a.blue) - Int(b.blue))
  }
}
