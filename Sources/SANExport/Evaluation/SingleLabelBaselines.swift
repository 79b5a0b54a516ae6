/// What predictions that never look at a photo would reach: references that come from the labels alone.
///
/// ```swift
/// var baselines = SingleLabelBaselines(classCount: 80)
/// for image in images { baselines.add(image.confusion) }
/// let oracle = SegmentationMetrics(baselines.oracle)
/// ```
public struct SingleLabelBaselines: Sendable, Hashable {
  /// True pixels by class, of all images.
  private var truePixels: [Int64]
  /// For each image its own most frequent true label on all its pixels: an oracle, since it is told what is there.
  public private(set) var oracle: ConfusionMatrix

  /// Baselines of no images.
  public init(classCount: Int) {
    truePixels = Array(repeating: 0, count: classCount)
    oracle = ConfusionMatrix(classCount: classCount)
  }

  /// Takes in one image, of whose confusion matrix only the true classes count.
  public mutating func add(_ image: ConfusionMatrix) {
    precondition(image.classCount == truePixels.count, "images of one vocabulary")
    var counts: [Int: Int64] = [:]
    for entry in image.entries { counts[entry.truth, default: 0] += entry.pixels }
    // Of equals the first class, whatever the order of the dictionary.
    guard let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return }
    for (truth, pixels) in counts {
      truePixels[truth] += pixels
      oracle.add(pixels, truth: truth, prediction: most.key)
    }
  }

  /// The one label that, on all pixels of all images, is right most often, and what it reaches; nil without pixels.
  public var bestLabel: (label: Int, confusion: ConfusionMatrix)? {
    guard let most = truePixels.max(), most > 0, let label = truePixels.firstIndex(of: most) else {
      return nil
    }
    var confusion = ConfusionMatrix(classCount: truePixels.count)
    for (truth, pixels) in truePixels.enumerated() {
      confusion.add(pixels, truth: truth, prediction: label)
    }
    return (label, confusion)
  }
}
