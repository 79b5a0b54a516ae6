import SANExport
import SANInference

/// The results of all photos so far.
struct EvaluationTally {
  private(set) var confusion: ConfusionMatrix
  private(set) var baselines: SingleLabelBaselines
  private(set) var images = 0
  /// Of these, images whose results were known before the run.
  private(set) var known = 0
  /// Pixels that have no part in it, ``unlisted`` among them.
  private(set) var leftOut = 0
  /// Pixels whose number is not among the labels' names, by number.
  private(set) var unlisted: [UInt16: Int] = [:]

  init(classCount: Int) {
    confusion = ConfusionMatrix(classCount: classCount)
    baselines = SingleLabelBaselines(classCount: classCount)
  }

  mutating func add(_ result: ImageResult, isKnown: Bool = false) {
    confusion.merge(result.confusion)
    baselines.add(result.confusion)
    images += 1
    known += isKnown ? 1 : 0
    leftOut += result.leftOut
    unlisted.merge(result.unlisted, uniquingKeysWith: +)
  }
}
