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
    // Strips share no pixel, so that no two threads write to the same place.
    nonisolated(unsafe) let labels = labels
    nonisolated(unsafe) let kept = kept
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
    let least = threshold ?? -.infinity
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * count) { space in
      let (best, winner) = (space.baseAddress!, space.baseAddress! + count)
      best.update(from: strip.row(0), count: count)
      winner.update(repeating: 0, count: count)
      for index in 1..<strip.rows {
        VectorMath.keepLarger(strip.row(index), count, number: Float(index), best: best, winner: winner)
      }
      // Counted here, so that threads meet but once a strip; what is below the threshold last.
      withUnsafeTemporaryAllocation(of: (pixels: Int, score: Int64).self, capacity: strip.rows + 1) { found in
        found.initialize(repeating: (0, 0))
        for x in 0..<count {
          let index = best[x] >= least ? Int(winner[x]) : strip.rows
          let number = index < strip.rows ? classes[index] : own
          labels[x] = number < own ? UInt16(number) : LabelMap.other
          found[index].pixels += 1
          found[index].score += Int64(best[x] * Totals.unit)
        }
        totals.withLock { totals in
          for (index, part) in found.enumerated() where part.pixels > 0 {
            let number = index < strip.rows ? min(classes[index], own) : own
            totals.pixels[number] += part.pixels
            totals.scores[number] += part.score
          }
        }
      }
    }
  }
}
