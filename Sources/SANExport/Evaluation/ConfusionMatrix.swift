import SANCore
import SANInference

/// How many pixels of each true class were given each class.
///
/// Only pairs that occur take memory, so that 847 classes cost no more than an image's few. Matrices of parts of a data
/// set add up to the whole's, in any order.
///
/// ```swift
/// var confusion = ConfusionMatrix(classCount: vocabulary.classes.count)
/// try confusion.add(truth: truth, prediction: result.labels)
/// let metrics = SegmentationMetrics(confusion)
/// ```
public struct ConfusionMatrix: Sendable, Hashable {
  /// The number of classes.
  public let classCount: Int

  /// One pair of classes that occurs.
  public struct Entry: Sendable, Hashable {
    /// The true class.
    public let truth: Int
    /// The class that was given.
    public let prediction: Int
    /// Pixels of this pair, at least 1.
    public let pixels: Int64

    /// An entry of its three parts.
    public init(truth: Int, prediction: Int, pixels: Int64) {
      (self.truth, self.prediction, self.pixels) = (truth, prediction, pixels)
    }
  }

  /// By `truth << 16 | prediction`; no count is 0.
  private var counts: [UInt32: Int64] = [:]

  /// A matrix without pixels. Precondition: 1 to 65,535 classes.
  public init(classCount: Int) {
    precondition((1...Vocabulary.maximumClasses).contains(classCount), "1 to 65,535 classes")
    self.classCount = classCount
  }

  /// Pixels of the class `truth` that were given the class `prediction`.
  public subscript(truth: Int, prediction: Int) -> Int64 {
    counts[key(truth, prediction)] ?? 0
  }

  /// All pairs that occur, by true class and then by given class.
  public var entries: [Entry] {
    counts.sorted { $0.key < $1.key }.map {
      Entry(truth: Int($0.key >> 16), prediction: Int($0.key & 0xFFFF), pixels: $0.value)
    }
  }

  /// Pixels counted: those whose true class is known.
  public var pixels: Int64 { counts.values.reduce(0, +) }

  /// Counts an image's pixels.
  ///
  /// - Parameters:
  ///   - truth: each pixel's true class; `LabelMap.other` where it is not known, which leaves the pixel out.
  ///   - prediction: each pixel's given class; it is not looked at where the true class is not known.
  /// - Throws: ``EvaluationError`` where the sizes differ, or for a label that is no class.
  public mutating func add(truth: LabelMap, prediction: LabelMap) throws(EvaluationError) {
    guard truth.size == prediction.size else {
      throw .sizeMismatch(truth: truth.size, prediction: prediction.size)
    }
    // Neighbours are mostly alike: a run of one pair is added at once.
    var found: [UInt32: Int64] = [:]
    var (run, length): (UInt32, Int64) = (0, 0)
    for (truth, prediction) in zip(truth.labels, prediction.labels) where truth != LabelMap.other {
      let pair = UInt32(truth) << 16 | UInt32(prediction)
      if pair == run {
        length += 1
        continue
      }
      guard Int(truth) < classCount else { throw .unknownLabel(label: truth, classCount: classCount) }
      guard Int(prediction) < classCount else {
        throw .unknownLabel(label: prediction, classCount: classCount)
      }
      if length > 0 { found[run, default: 0] += length }
      (run, length) = (pair, 1)
    }
    if length > 0 { found[run, default: 0] += length }
    counts.merge(found, uniquingKeysWith: +)
  }

  /// Counts `pixels` more of one pair. Precondition: both are classes, and `pixels` is not negative.
  public mutating func add(_ pixels: Int64, truth: Int, prediction: Int) {
    precondition(pixels >= 0, "a number of pixels")
    let key = key(truth, prediction)
    if pixels > 0 { counts[key, default: 0] += pixels }
  }

  /// Adds another matrix's counts. Precondition: it has as many classes.
  public mutating func merge(_ other: ConfusionMatrix) {
    precondition(other.classCount == classCount, "matrices of one vocabulary")
    counts.merge(other.counts, uniquingKeysWith: +)
  }

  private func key(_ truth: Int, _ prediction: Int) -> UInt32 {
    precondition((0..<classCount).contains(truth) && (0..<classCount).contains(prediction), "two classes")
    return UInt32(truth) << 16 | UInt32(prediction)
  }
}
