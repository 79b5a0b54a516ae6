import SANCore
import SANExport
import SANInference
import XCTest

/// Small made-up pictures.
enum Pictures {
  /// Every pixel the same grey.
  static func gray(_ value: UInt8, width: Int, height: Int) throws -> RGBImage {
    try RGBImage(
      width: width, height: height, pixels: Array(repeating: value, count: width * height * 3))
  }

  /// Labels that count up to `classCount` and begin again.
  static func labels(width: Int, height: Int, classCount: Int) -> LabelMap {
    LabelMap(
      size: Grid(height: height, width: width),
      labels: (0..<width * height).map { UInt16($0 % classCount) })
  }

  /// A map written as digits, a row a word; `.` is other.
  static func labels(_ rows: String) -> LabelMap {
    let rows = rows.split(whereSeparator: \.isWhitespace)
    return LabelMap(
      size: Grid(height: rows.count, width: rows[0].count),
      labels: rows.joined().map { $0 == "." ? LabelMap.other : UInt16($0.wholeNumberValue!) })
  }
}

extension RGBImage {
  /// The colour of a pixel.
  subscript(x: Int, y: Int) -> RGBColor {
    let first = (y * width + x) * 3
    return RGBColor(red: pixels[first], green: pixels[first + 1], blue: pixels[first + 2])
  }

  /// The top left part.
  func cropped(width: Int, height: Int) throws -> RGBImage {
    try RGBImage(
      width: width, height: height,
      pixels: (0..<height).flatMap { pixels[$0 * self.width * 3..<($0 * self.width + width) * 3] })
  }
}
