/// The size a picture is resized to before the network sees it.
public struct TargetSize: Sendable, Equatable {
  /// Pixels across, at least 1.
  public let width: Int
  /// Pixels down, at least 1.
  public let height: Int

  /// The longest side. Pictures so large are not made; smaller ones are refused where ``ImageLimits`` say so.
  public static let maximumSide = Int(Int32.max)

  /// A size whose sides are 1 to ``maximumSide``.
  ///
  /// - Throws: ``SegmenterError/targetSize(width:height:)``.
  public init(width: Int, height: Int) throws(SegmenterError) {
    let allowed = 1...TargetSize.maximumSide
    guard allowed.contains(width), allowed.contains(height) else {
      throw .targetSize(width: width, height: height)
    }
    (self.width, self.height) = (width, height)
  }

  /// The reference demo's rule: the short side becomes `shortSide`, the long side
  /// `Int(long · shortSide / short)`.
  ///
  /// The reference stops there, and a 3000×2 picture becomes 960,000 pixels wide. Attention grows with the
  /// square of the area, so pictures longer than `4 · shortSide` after that (longer than 4 : 1) are scaled
  /// by their long side instead: it becomes `4 · shortSide`, the short side truncates and is at least 1.
  ///
  /// - Parameters:
  ///   - width: of the upright picture, at least 1.
  ///   - height: of the upright picture, at least 1.
  ///   - shortSide: what the shorter side becomes, at least 1.
  /// - Throws: ``SegmenterError`` where a size, the picture's or the new one, is out of range.
  public static func demo(
    width: Int, height: Int, shortSide: Int = 640
  ) throws(SegmenterError) -> TargetSize {
    _ = try TargetSize(width: width, height: height)
    guard (1...maximumSide).contains(shortSide) else { throw .shortSide(shortSide) }
    let (short, long) = (min(width, height), max(width, height))
    var target = (short: shortSide, long: long * shortSide / short)
    if target.long > 4 * shortSide {
      target = (short: max(1, short * 4 * shortSide / long), long: 4 * shortSide)
    }
    return width <= height
      ? try TargetSize(width: target.short, height: target.long)
      : try TargetSize(width: target.long, height: target.short)
  }

  /// The reference evaluation's rule: the short side becomes `shortSide`; if the long side would then pass
  /// `longSideLimit`, both shrink so that it does not; both are rounded. No side is less than 1.
  ///
  /// - Parameters:
  ///   - width: of the upright picture, at least 1.
  ///   - height: of the upright picture, at least 1.
  ///   - shortSide: what the shorter side becomes, at least 1.
  ///   - longSideLimit: the most that the longer side may have, at least 1.
  /// - Throws: ``SegmenterError`` where a size, the picture's or the new one, is out of range.
  public static func evaluation(
    width: Int, height: Int, shortSide: Int = 640, longSideLimit: Int = 2560
  ) throws(SegmenterError) -> TargetSize {
    _ = try TargetSize(width: width, height: height)
    guard (1...maximumSide).contains(shortSide) else { throw .shortSide(shortSide) }
    guard (1...maximumSide).contains(longSideLimit) else { throw .longSideLimit(longSideLimit) }
    // In floating point, and in the reference's order, because halves round with its errors.
    let scale = Double(shortSide) / Double(min(width, height))
    var (w, h) = (Double(width) * scale, Double(height) * scale)
    if width <= height { w = Double(shortSide) } else { h = Double(shortSide) }
    let longest = max(w, h)
    if longest > Double(longSideLimit) {
      let shrink = Double(longSideLimit) / longest
      (w, h) = (w * shrink, h * shrink)
    }
    return try TargetSize(width: max(1, Int(w + 0.5)), height: max(1, Int(h + 0.5)))
  }
}
