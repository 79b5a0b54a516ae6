import SANCore
import Synchronization

/// From scores to labels, coverage and mean scores, a few rows of pixels at a time.
struct Labelling {
  private let scores: any PixelScores
  private let vocabulary: Vocabulary
  private let threshold: Float?
  /// By row and column, which of the photo's pixels are in no file; nil where all are.
  private let missing: MissingPixels?

  init(_ scores: any PixelScores, vocabulary: Vocabulary, threshold: Float?, missing: MissingPixels? = nil) {
    (self.scores, self.vocabulary, self.threshold) = (scores, vocabulary, threshold)
    self.missing = missing
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

  /// What all threads add to.
  private final class SharedTotals: Sendable {
    let state: Mutex<Totals>
    init(_ totals: Totals) { state = Mutex(totals) }
  }

  /// Throws what the scores do, and what `checkpoint` throws between bands of pixels; `file` takes the scores, too, if there
  /// is one.
  func run(
    keepingScores: Bool, file: (any ScoreSink)?, workspace: Workspace,
    checkpoint: @escaping @Sendable () throws -> Void
  ) throws -> Result {
    let (size, own) = (scores.size, vocabulary.classes.count)
    let totals = SharedTotals(
      Totals(pixels: Array(repeating: 0, count: own + 1), scores: Array(repeating: 0, count: own + 1)))
    var kept: Tensor?
    let labels = try [UInt16](unsafeUninitializedCapacity: size.count) { labels, count in
      let labels = labels.baseAddress!
      if keepingScores {
        kept = try Tensor(shape: [own, size.height, size.width]) {
          try fill(
            labels: labels, scores: $0.baseAddress, file: file, totals: totals, workspace: workspace,
            checkpoint: checkpoint)
        }
      } else {
        try fill(
          labels: labels, scores: nil, file: file, totals: totals, workspace: workspace,
          checkpoint: checkpoint)
      }
      count = size.count
    }

    let sums = totals.state.withLock { $0 }
    func result(_ index: Int, name: String, label: UInt16) -> Segmentation.ClassResult {
      let pixels = sums.pixels[index]
      let score = Double(sums.scores[index]) / Double(Totals.unit)
      return Segmentation.ClassResult(
        name: name, label: label, pixels: pixels, coverage: Double(pixels) / Double(max(size.count, 1)),
        meanScore: pixels == 0 ? 0 : score / Double(pixels))
    }
    let hasOther = !vocabulary.distractors.isEmpty || threshold != nil || missing != nil
    return Result(
      labels: LabelMap(size: size, labels: labels),
      classes: vocabulary.classes.enumerated().map {
        result($0.offset, name: $0.element, label: UInt16($0.offset))
      },
      other: hasOther ? result(own, name: "other", label: LabelMap.other) : nil, scores: kept)
  }

  private func fill(
    labels: UnsafeMutablePointer<UInt16>, scores kept: UnsafeMutablePointer<Float>?, file: (any ScoreSink)?,
    totals: SharedTotals, workspace: Workspace, checkpoint: @escaping @Sendable () throws -> Void
  ) throws {
    // Threads write to pixels of their own.
    nonisolated(unsafe) let (labels, kept) = (labels, kept)
    if kept == nil && file == nil {
      return try scores.forEachLeadingStrip(workspace: workspace, checkpoint: checkpoint) {
        label($0, classes: $1, pixels: $2, labels: labels, totals: totals)
      }
    }
    let (size, own) = (scores.size, vocabulary.classes.count)
    let all = Array(0..<own + vocabulary.distractors.count)
    let between: @Sendable () throws -> Void = {
      try checkpoint()
      try file?.check()
    }
    try scores.forEachBand(workspace: workspace, checkpoint: between) { band, pixels in
      // As many pixels at a time as stay in a core's cache.
      for start in stride(from: 0, to: pixels.count, by: 256) {
        let strip = band.columns(start..<min(start + 256, pixels.count))
        all.withUnsafeBufferPointer {
          let first = pixels.lowerBound + start
          label(
            strip, classes: $0, pixels: first..<first + strip.columns, labels: labels, totals: totals)
        }
      }
      file?.take(band, pixels: pixels)
      if let kept {
        for index in 0..<own {
          (kept + index * size.count + pixels.lowerBound).update(from: band.row(index), count: pixels.count)
        }
      }
    }
  }

  /// Labels one strip, `[classes.count, pixels.count]`: the first class of the highest score wins. Pixels that are missing
  /// are "other", with a score of 0.
  private func label(
    _ strip: Matrix, classes: UnsafeBufferPointer<Int>, pixels: Range<Int>,
    labels photo: UnsafeMutablePointer<UInt16>, totals: SharedTotals
  ) {
    let labels = photo + pixels.lowerBound
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
          if let missing, missing.contains(pixels.lowerBound + x, width: scores.size.width) {
            labels[x] = LabelMap.other
            found[strip.rows].pixels += 1
            continue
          }
          let index = best[x] >= least ? Int(winner[x]) : strip.rows
          let number = index < strip.rows ? classes[index] : own
          labels[x] = number < own ? UInt16(number) : LabelMap.other
          found[index].pixels += 1
          found[index].score += Int64(best[x] * Totals.unit)
        }
        totals.state.withLock { totals in
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
