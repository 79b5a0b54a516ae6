/// The largest pictures that are taken, checked before memory is: large enough for a 200-megapixel camera,
/// small enough that a hostile header cannot exhaust the machine.
public enum ImageLimits {
  /// Pixels on a side, JPEG's own limit.
  public static let side = 65_535
  /// Pixels in all: 2²⁸, or 805 MB as RGB.
  public static let pixels = 1 << 28
  /// Bytes of an encoded file: 2 GiB.
  public static let fileBytes = 1 << 31

  /// Whether a picture of this size is taken.
  public static func allow(width: Int, height: Int) -> Bool {
    // Both sides are at most 65,535 where the product is formed, so it cannot overflow.
    width >= 1 && height >= 1 && width <= side && height <= side && width * height <= pixels
  }
}
