import SANCore
import Synchronization

/// How sure the labels of a photo are: by how much, at its pixels, the score of the label that won lies above that of the best
/// other label. All distractors are one label, "other".
///
/// Measured at pixels spread evenly over the photo, 256 along its longer side. Scores are no probabilities: what it is good for
/// is to put photos that were labelled alike in an order, those first at which a person should look.
public struct Doubt: Sendable, Hashable {
  /// The mean difference.
  public let meanMargin: Double
  /// The share of pixels, 0 to 1, whose difference is below ``threshold``.
  public let unsureShare: Double

  /// Below this difference a pixel counts as unsure.
  public static let threshold: Float = 0.1

  /// Doubt that was measured before.
  package init(meanMargin: Double, unsureShare: Double) {
    (self.meanMargin, self.unsureShare) = (meanMargin, unsureShare)
  }

  /// The pixels of a photo of this size at which it is measured, as rows and columns.
  static func lattice(_ size: Grid) -> Grid {
    let longest = 256
    let side = max(size.height, size.width)
    guard side > longest else { return size }
    return Grid(height: max(1, size.height * longest / side), width: max(1, size.width * longest / side))
  }

  /// Sums of whole numbers, which do not depend on the order in which threads add.
  private struct Totals {
    var margins: Int64 = 0
    var unsure = 0
    var pixels = 0
    static let unit: Float = 16_777_216  // 2²⁴
  }

  private final class SharedTotals: Sendable {
    let state = Mutex(Totals())
  }

  /// Measures the doubt in `scores`, of `classes` classes and then distractors. Nil where there is but one label, or no pixel.
  ///
  /// - Parameter isMissing: whether the pixel at an index in row-major order is none of the photo's.
  static func measure(
    _ scores: some PixelScores, classes: Int, distractors: Int, workspace: Workspace,
    checkpoint: @escaping @Sendable () throws -> Void, isMissing: @escaping @Sendable (Int) -> Bool
  ) throws -> Doubt? {
    guard classes > 1 || distractors > 0 else { return nil }
    let totals = SharedTotals()
    try scores.forEachBand(workspace: workspace, checkpoint: checkpoint) { band, pixels in
      let count = pixels.count
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * count) { space in
        let best = space.baseAddress!
        let (second, other) = (best + count, best + 2 * count)
        best.update(from: band.row(0), count: count)
        second.initialize(repeating: -.infinity, count: count)
        other.initialize(repeating: -.infinity, count: count)
        func take(_ row: UnsafePointer<Float>) {
          for x in 0..<count {
            second[x] = max(second[x], min(best[x], row[x]))
            best[x] = max(best[x], row[x])
          }
        }
        for index in 1..<classes { take(band.row(index)) }
        for index in classes..<classes + distractors {
          let row = band.row(index)
          for x in 0..<count { other[x] = max(other[x], row[x]) }
        }
        if distractors > 0 { take(other) }
        var found = Totals()
        for x in 0..<count where !isMissing(pixels.lowerBound + x) {
          let margin = best[x] - second[x]
          found.margins += Int64(margin * Totals.unit)
          found.unsure += margin < Doubt.threshold ? 1 : 0
          found.pixels += 1
        }
        totals.state.withLock { totals in
          totals.margins += found.margins
          totals.unsure += found.unsure
          totals.pixels += found.pixels
        }
      }
    }
    let sums = totals.state.withLock { $0 }
    guard sums.pixels > 0 else { return nil }
    return Doubt(
      meanMargin: Double(sums.margins) / Double(Totals.unit) / Double(sums.pixels),
      unsureShare: Double(sums.unsure) / Double(sums.pixels))
  }

  /// As members of reports: `margin` and `unsure`.
  package var json: JSONText { .object([("margin", .real(meanMargin)), ("unsure", .real(unsureShare))]) }
}
