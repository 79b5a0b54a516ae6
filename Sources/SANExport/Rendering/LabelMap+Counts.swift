import SANInference

extension LabelMap {
  /// How many pixels each label has.
  struct Counts {
    /// By class.
    var classes: [Int]
    var other = 0
  }

  /// Counts the pixels of each of `classCount` classes.
  ///
  /// - Throws: ``RenderingError/unknownLabel(label:classCount:)`` for a label that is none of them, nor
  ///   "other".
  func counts(classCount: Int) throws(RenderingError) -> Counts {
    var counts = Counts(classes: Array(repeating: 0, count: classCount))
    for label in labels {
      if label == Self.other {
        counts.other += 1
      } else if Int(label) < classCount {
        counts.classes[Int(label)] += 1
      } else {
        throw .unknownLabel(label: label, classCount: classCount)
      }
    }
    return counts
  }
}
