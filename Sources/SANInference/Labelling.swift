import SANCore
import Synchronization

/// From scores to labels, coverage and mean scores, a strip of pixels at a time.
struct Labelling {
  private let scores: any StripScores
  private let vocabulary: Vocabulary
  private let threshold: Float?

  init(_ scores: any StripScores, vocabulary: Vocabulary, threshold: Float?) {
    (self.scores, self.vocabulary, self.threshold) = (scores, vocabulary, threshold)
  }

  /// What ``run(keepingScores:file:workspace:)`` finds.
  struct Result {
    let labels: LabelMap
    let classes: [Segmentation.ClassResult]
    let other: Segmentation.ClassResult?
    let scores: Tensor?
  }

  /// Pixels and scores of each class, "other" last. Scores are summed as whole numbers, whose sum does not depend on
  /// the order in which threads add.
  private struct Totals {
    var pixels: [Int]
    var scores: [Int64]
    static let unit: Float = 16_777_216  // 2²⁴
  }

  /// Throws what the scores do; `file` takes them, too, if there is one.
  func run(keepingScores: Bool, file: ScoresFile?, workspace: Workspace) throws -> Result {
    let (size, own) = (scores.size, vocabulary.classes.count)
    precondition(file?.fits(classCount: own, size: size) ?? true, "a file for these scores")
    let totals = Mutex(
      Totals(pixels: Array(repeating: 0, count: own + 1), scores: Array(repeating: 0, count: own + 1)))
    var kept: Tensor?
    let labels = try [UInt16](unsafeUninitializedCapacity: size.count) { labels, count in
      let labels = labels.baseAddress!
      if keepingScores {
        kept = try Tensor(shape: [own, size.height, size.width]) {
          try fill(labels: labels, scores: $0.baseAddress, file: file, totals: totals, workspace: workspace)
        }
      } else {
        try fill(labels: labels, scores: nil, file: file, totals: totals, workspace: workspace)
      }
      count = size.count
    }

    let sums = totals.withLock { $0 }
    func result(_ index: Int, name: String, label: UInt16) -> Segmentation.ClassResult {
      let pixels = sums.pixels[index]
      let score = Double(sums.scores[index]) / Double(Totals.unit)
      return Segmentation.ClassResult(
        name: name, label: label, pixels: pixels, coverage: Double(pixels) / Double(max(size.count, 1)),
        meanScore: pixels == 0 ? 0 : score / Double(pixels))
    }
    let hasOther = !vocabulary.distractors.isEmpty || threshold != nil
    return Result(
      labels: LabelMap(size: size, labels: labels),
      classes: vocabulary.classes.enumerated().map {
        result($0.offset, name: $0.element, label: UInt16($0.offset))
      },
      other: hasOther ? result(own, name: "other", label: LabelMap.other) : nil, scores: kept)
  }

  private func fill(
    labels: UnsafeMutablePointer<UInt16>, scores kept: UnsafeMutablePointer<Float>?, file: ScoresFile?,
    totals: borrowing Mutex<Totals>,
    workspace: Workspace
  ) throws {
    let (size, own) = (scores.size, vocabulary.classes.count)
    if kept == nil && file == nil {
      return try scores.forEachLeadingStrip(workspace: workspace) { row, columns, classes, strip in
        let first = row * size.width + columns.lowerBound
        label(strip, classes: classes, labels: labels + first, totals: totals)
      }
    }
    let all = Array(0..<own + vocabulary.distractors.count)
    try scores.forEachStrip(workspace: workspace) { row, columns, strip in
      let first = row * size.width + columns.lowerBound
      all.withUnsafeBufferPointer { label(strip, classes: $0, labels: labels + first, totals: totals) }
      file?.take(strip, row: row, columns: columns)
      if let kept {
        for index in 0..<own {
          (kept + index * size.count + first).update(from: strip.row(index), count: columns.count)
        }
      }
    }
  }

  /// Labels one strip, `[classes.count, pixels]`: the first class of the highest score wins.
  private func label(
    _ strip: Matrix, classes: UnsafeBufferPointer<Int>, labels: UnsafeMutablePointer<UInt16>,
    totals: borrowing Mutex<Totals>
  ) {
    let own = vocabulary.classes.count
    let count = strip.columns
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { best in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { winner in
        let (best, winner) = (best.baseAddress!, winner.baseAddress!)
        best.update(from: strip.row(0), count: count)
        winner.update(repeating: Float(classes[0]), count: count)
        for index in 1..<strip.rows {
          VectorMath.keepLarger(
            strip.row(index), count, number: Float(classes[index]), best: best, winner: winner)
        }
        let least = threshold ?? -.infinity
        totals.withLock { totals in
          for x in 0..<count {
            let known = Int(winner[x]) < own && best[x] >= least
            let index = known ? Int(winner[x]) : own
            labels[x] = known ? UInt16(winner[x]) : LabelMap.other
            totals.pixels[index] += 1
            totals.scores[index] += Int64(best[x] * Totals.unit)
          }
        }
      }
    }
  }
}
