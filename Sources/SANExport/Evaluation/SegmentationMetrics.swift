/// What a confusion matrix says of a segmentation.
///
/// With `n(t, p)` the pixels of the true class `t` that were given the class `p`, and N their sum over all pairs:
///
///     true(c)      = Σ_p n(c, p)
///     predicted(c) = Σ_t n(t, c)
///     IoU(c)       = n(c, c) / (true(c) + predicted(c) − n(c, c))
///     accuracy(c)  = n(c, c) / true(c)
///
/// Pixels whose true class is not known have no part in any of it, whatever they were given. A ratio without a
/// denominator is nil and left out of means, as mmsegmentation's IoUMetric leaves out NaN: the IoU of a class that
/// neither the labels nor the predictions have, the accuracy of a class that the labels do not have.
public struct SegmentationMetrics: Sendable, Hashable {
  /// One class's part.
  public struct ClassMetrics: Sendable, Hashable {
    /// `n(c, c)`: pixels that have the class and were given it.
    public let correctPixels: Int64
    /// `true(c)`: pixels that have the class.
    public let truePixels: Int64
    /// `predicted(c)`: pixels, of those whose true class is known, that were given it.
    public let predictedPixels: Int64

    /// Intersection over union, 0 to 1; nil where the class is nowhere.
    public var iou: Double? { ratio(correctPixels, truePixels + predictedPixels - correctPixels) }
    /// Recall, 0 to 1; nil where no pixel has the class.
    public var accuracy: Double? { ratio(correctPixels, truePixels) }
  }

  /// By class.
  public let classes: [ClassMetrics]
  /// N, pixels whose true class is known.
  public let pixels: Int64

  /// `Σ_c n(c, c) / N`; mmsegmentation's aAcc.
  public let pixelAccuracy: Double?
  /// The mean of all accuracies that there are; mmsegmentation's mAcc.
  public let meanAccuracy: Double?
  /// The mean of all IoUs that there are; mmsegmentation's mIoU. A class that was given but is nowhere true counts as 0.
  public let meanIoU: Double?
  /// The mean of the IoUs of classes that the labels have; mIoU as detectron2's SemSegEvaluator counts, and with it
  /// SAN's authors. On a whole data set every class is there and both are one number; on a few images they differ.
  public let meanIoUOfTrueClasses: Double?
  /// `Σ_c true(c) / N · IoU(c)`; detectron2's fwIoU.
  public let frequencyWeightedIoU: Double?

  /// The metrics of `confusion`; without pixels, all of them are nil.
  public init(_ confusion: ConfusionMatrix) {
    var (correct, truth, predicted) = (
      [Int64](repeating: 0, count: confusion.classCount), [Int64](repeating: 0, count: confusion.classCount),
      [Int64](repeating: 0, count: confusion.classCount)
    )
    for entry in confusion.entries {
      if entry.truth == entry.prediction { correct[entry.truth] += entry.pixels }
      truth[entry.truth] += entry.pixels
      predicted[entry.prediction] += entry.pixels
    }
    let classes = correct.indices.map {
      ClassMetrics(correctPixels: correct[$0], truePixels: truth[$0], predictedPixels: predicted[$0])
    }
    let pixels = truth.reduce(0, +)
    let labelled = classes.filter { $0.truePixels > 0 }
    self.classes = classes
    self.pixels = pixels
    pixelAccuracy = ratio(correct.reduce(0, +), pixels)
    meanAccuracy = mean(classes.compactMap(\.accuracy))
    meanIoU = mean(classes.compactMap(\.iou))
    meanIoUOfTrueClasses = mean(labelled.compactMap(\.iou))
    frequencyWeightedIoU =
      pixels == 0
      ? nil : labelled.reduce(0) { $0 + Double($1.truePixels) / Double(pixels) * ($1.iou ?? 0) }
  }

  /// How many classes the labels have.
  public var trueClassCount: Int { classes.count { $0.truePixels > 0 } }
}

private func ratio(_ part: Int64, _ whole: Int64) -> Double? {
  whole == 0 ? nil : Double(part) / Double(whole)
}

private func mean(_ values: [Double]) -> Double? {
  values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
}
