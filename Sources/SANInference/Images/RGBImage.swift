/// A picture of 8-bit RGB pixels, upright.
public struct RGBImage: Sendable, Equatable {
  /// Pixels across, at least 1.
  public let width: Int
  /// Pixels down, at least 1.
  public let height: Int
  /// `[height, width, 3]`, rows from the top, red green blue without gaps. Where the file had transparent pixels, they
  /// are laid over ``background``.
  public let pixels: [UInt8]
  /// How opaque each pixel was in the file, `[height, width]`, 255 being opaque; `nil` where all are.
  public let alpha: [UInt8]?
  /// Where the file ended before its pixels did; `nil` where it has them all. The pixels there are ``background``.
  public let missing: MissingPixels?
  /// What was odd about the file, a line each, without its name. The picture was read all the same.
  public let notes: [String]

  /// What shows through transparent pixels: white, which is what they are shown on by browsers and on paper, what
  /// programs put there that save such a picture as JPEG, and so what photos on the web, from which the network learnt,
  /// have there.
  public static let background: UInt8 = 255

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
  package init(
    width: Int, height: Int, checked pixels: [UInt8], alpha: [UInt8]? = nil, missing: MissingPixels? = nil,
    notes: [String] = []
  ) {
    (self.width, self.height, self.pixels) = (width, height, pixels)
    (self.alpha, self.missing, self.notes) = (alpha, missing, notes)
  }
}

/// The part of a picture that its file does not hold: whole rows, or whole columns where the stored picture lies on its
/// side.
public struct MissingPixels: Sendable, Equatable {
  /// Pixels down, from the top.
  public let rows: Range<Int>
  /// Pixels across, from the left.
  public let columns: Range<Int>

  /// Whether the pixel at `index` in row-major order is one of them, in a picture of this width.
  func contains(_ index: Int, width: Int) -> Bool {
    rows.contains(index / width) && columns.contains(index % width)
  }
}

/// What becomes of pictures whose files end too early.
public enum CutPictures: Sendable {
  /// They are damaged.
  case refused
  /// They are read as far as they go, if one row is whole; see ``RGBImage/missing``. Progressive JPEG that lacks nothing but
  /// finer detail has all of its pixels.
  case allowed
}
