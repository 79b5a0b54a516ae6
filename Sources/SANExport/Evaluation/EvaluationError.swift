import SANCore

/// Why a prediction cannot be held against its labels.
public enum EvaluationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The two maps are not of one size.
  case sizeMismatch(truth: Grid, prediction: Grid)
  /// A label that is neither a class nor left out.
  case unknownLabel(label: UInt16, classCount: Int)

  /// The error in one line.
  public var description: String {
    switch self {
    case .sizeMismatch(let truth, let prediction):
      "the labels have \(truth.width)×\(truth.height) pixels, "
        + "the prediction \(prediction.width)×\(prediction.height): both have to be of the photo's size"
    case .unknownLabel(let label, let classCount):
      "label \(label) is none of the \(classCount) classes, counted from 0: give all the classes, "
        + "or leave such pixels out of the labels"
    }
  }
}
