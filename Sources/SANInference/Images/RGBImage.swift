/// A picture of 8-bit RGB pixels, upright.
public struct RGBImage: Sendable, Equatable {
  /// Pixels across, at least 1.
  public let width: Int
  /// Pixels down, at least 1.
  public let height: Int
  /// `[height, width, 3]`, rows from the top, red green blue without gaps.
  public let pixels: [UInt8]

  /// Takes raw pixels, `[height, width, 3]`.
  ///
  /// - Throws: ``ImageError/wrongPixelCount(width:height:expected:actual:)`` unless the size is within
  ///   ``ImageLimits`` and there are `width · height · 3` values.
  public init(width: Int, height: Int, pixels: [UInt8]) throws(ImageError) {
    guard ImageLimits.allow(width: width, height: height) else {
      throw .wrongPixelCount(width: width, height: height, expected: nil, actual: pixels.count)
    }
    guard pixels.count == width * height * 3 else {
      throw .wrongPixelCount(
        width: width, height: height, expected: width * height * 3, actual: pixels.count)
    }
    self.init(width: width, height: height, checked: pixels)
  }

  /// Takes pixels whose number the caller has just made right.
  package init(width: Int, height: Int, checked pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}
