/// How many views of a photo the network sees. By default one, the whole photo at the model's size; each further view costs
/// a run of the network and as much again for labels.
///
/// The scores of all views are averaged at the photo's size, those of mirrored views mirrored back, before a pixel's class
/// is chosen. They are averaged as they are, as detectron2's test-time augmentation for mask models does, so that they
/// keep their meaning and thresholds their use. (mmsegmentation's takes a softmax over the classes of each view first,
/// which for scores that are no logits only flattens them.)
public struct ViewOptions: Sendable, Hashable {
  /// Factors of the short side's length.
  public let scales: [Double]
  /// Whether the network sees each view mirrored, left and right exchanged, as well.
  public let flip: Bool
  /// How views that are larger than a window are cut up; nil to show them whole.
  public let window: Window?

  /// Square windows that overlap.
  public struct Window: Sendable, Hashable {
    /// Length of a side, in pixels of the resized photo.
    public let side: Int
    /// The least part of its side that a window shares with the next.
    public let overlap: Double
  }

  /// What ``scales`` may hold.
  public static let allowedScales = 0.1...4.0
  /// The most scales.
  public static let maximumScales = 16
  /// What a window's side may be.
  public static let allowedSides = 64...4096
  /// What a window may share with the next.
  public static let allowedOverlaps = 0.0...0.75
  /// The overlap where none is given.
  public static let defaultOverlap = 0.25
  /// The most runs of the network for one photo.
  public static let maximumViews = 1024

  /// One view: the whole photo.
  public static let one = ViewOptions(checked: [1], flip: false, window: nil)

  /// Views of a photo.
  ///
  /// - Parameters:
  ///   - scales: factors of the short side, within ``allowedScales``, each once.
  ///   - flip: whether to show each view mirrored as well.
  ///   - window: a window's side in pixels of the resized photo, within ``allowedSides``; nil for no windows.
  ///   - overlap: the least part of its side that a window shares with the next, within ``allowedOverlaps``.
  /// - Throws: ``ViewOptionsError``.
  public init(
    scales: [Double] = [1], flip: Bool = false, window: Int? = nil, overlap: Double = defaultOverlap
  ) throws(ViewOptionsError) {
    guard (1...ViewOptions.maximumScales).contains(scales.count) else { throw .scaleCount(scales.count) }
    for (index, scale) in scales.enumerated() {
      guard ViewOptions.allowedScales.contains(scale) else { throw .scale(scale) }
      guard !scales[..<index].contains(scale) else { throw .repeatedScale(scale) }
    }
    if let window, !ViewOptions.allowedSides.contains(window) { throw .window(window) }
    guard ViewOptions.allowedOverlaps.contains(overlap) else { throw .overlap(overlap) }
    self.init(checked: scales, flip: flip, window: window.map { Window(side: $0, overlap: overlap) })
  }

  private init(checked scales: [Double], flip: Bool, window: Window?) {
    (self.scales, self.flip, self.window) = (scales, flip, window)
  }

  /// A side of `length` pixels at `scale`: rounded, and at least 1. Both are within what ``TargetSize`` and
  /// ``allowedScales`` allow.
  package static func length(_ length: Int, scale: Double) -> Int {
    max(1, Int((Double(length) * scale).rounded()))
  }
}

/// Views that cannot be had.
public enum ViewOptionsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no scale, or there are too many.
  case scaleCount(Int)
  /// A scale is out of range, or no number.
  case scale(Double)
  /// A scale is given twice.
  case repeatedScale(Double)
  /// A window's side is out of range.
  case window(Int)
  /// An overlap is out of range, or no number.
  case overlap(Double)
  /// A view has more pixels than ``ImageLimits`` allow.
  case tooLarge(width: Int, height: Int)
  /// The network would have to run too often.
  case tooManyViews(Int)

  /// The part of ``ViewOptions`` that is wrong.
  public var option: String {
    switch self {
    case .scaleCount, .scale, .repeatedScale, .tooLarge: "scales"
    case .window, .tooManyViews: "window"
    case .overlap: "overlap"
    }
  }

  /// The error in one line.
  public var description: String {
    switch self {
    case .scaleCount(let count): "\(count) scales are not allowed; 1 to \(ViewOptions.maximumScales) are"
    case .scale(let scale): "\(scale) is not allowed; \(Self.range(ViewOptions.allowedScales)) is"
    case .repeatedScale(let scale): "\(scale) is given twice: remove one"
    case .window(let side): "\(side) is not allowed; \(Self.range(ViewOptions.allowedSides)) is"
    case .overlap(let overlap): "\(overlap) is not allowed; \(Self.range(ViewOptions.allowedOverlaps)) is"
    case .tooLarge(let width, let height):
      "the photo would become \(width)×\(height) pixels, which is too large: choose smaller scales or a smaller size"
    case .tooManyViews(let count):
      "the photo would be cut into \(count) windows, and at most \(ViewOptions.maximumViews) are allowed: choose a "
        + "larger window, less overlap or a smaller size"
    }
  }

  private static func range<Bound>(_ range: ClosedRange<Bound>) -> String {
    "\(range.lowerBound) to \(range.upperBound)"
  }
}
