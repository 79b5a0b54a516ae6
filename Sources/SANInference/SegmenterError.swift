/// An argument that a segmenter does not take.
public enum SegmenterError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A short side is out of range.
  case shortSide(Int)
  /// A limit of the long side is out of range.
  case longSideLimit(Int)
  /// A size that no picture is resized to.
  case targetSize(width: Int, height: Int)
  /// A threshold is no number, infinite or negative.
  case threshold(Float)
  /// A number of threads is out of range.
  case threads(Int)
  /// A number of runs at once is out of range.
  case concurrentRuns(Int)
  /// A vocabulary was made by another model: its rows mean nothing to this one.
  case vocabularyOfAnotherModel(made: String, used: String)
  /// An image was encoded by another model.
  case imageOfAnotherModel(made: String, used: String)
  /// What is to take all scores was made for another number of classes, or another size.
  case scoresDoNotFit(classes: Int, width: Int, height: Int)

  /// The error in one line.
  public var description: String {
    switch self {
    case .shortSide(let side):
      "a short side of \(side) pixels is not allowed; 1 to \(ImageLimits.side) is"
    case .longSideLimit(let side):
      "a long side of \(side) pixels is not allowed; 1 to \(TargetSize.maximumSide) is"
    case .targetSize(let width, let height):
      "a picture cannot be resized to \(width)×\(height) pixels: sides are 1 to \(ImageLimits.side), and "
        + "\(ImageLimits.pixels) pixels in all the most"
    case .threshold(let threshold):
      "a threshold of \(threshold) is not allowed; a finite number of at least 0 is"
    case .threads(let count):
      "\(count) threads are not allowed; \(Self.text(Segmenter.allowedThreads)) are"
    case .concurrentRuns(let count):
      "\(count) runs at once are not allowed; \(Self.text(Segmenter.allowedConcurrentRuns)) are"
    case .vocabularyOfAnotherModel(let made, let used):
      "the vocabulary was made by another model, \(made), than the one that is to use it, \(used): make it with the "
        + "segmenter that it is for"
    case .imageOfAnotherModel(let made, let used):
      "the image was encoded by another model, \(made), than the one that is to label it, \(used): encode it with the "
        + "segmenter that labels it"
    case .scoresDoNotFit(let classes, let width, let height):
      "the file for scores is not made for the \(classes) classes of the vocabulary and a photo of \(width)×\(height) "
        + "pixels: open one for each photo"
    }
  }

  private static func text(_ range: ClosedRange<Int>) -> String {
    "\(range.lowerBound) to \(range.upperBound)"
  }
}
