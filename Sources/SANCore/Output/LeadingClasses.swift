/// Finds which classes can win somewhere among some pixels, so that only they need be scored there.
///
/// Each mask's sigmoid lies between two bounds. A class is out where its lead over the class that is best in the middle,
/// `Σ_q (p(q, class) − p(q, best))·σ_q`, stays below 0 for all values within them; rounding is allowed for.
struct LeadingClasses: Sendable {
  private let weights: Tensor  // [K, Q]
  private let largest: [Float]  // of each query's weights
  private var queries: Int { largest.count }

  /// For classes whose weights are `[K, Q]`.
  init(_ weights: Tensor) {
    self.weights = weights
    var largest = [Float](repeating: 0, count: weights.shape[1])
    for index in 0..<weights.shape[0] {
      let row = weights.matrix.row(index)
      for query in largest.indices where row[query] > largest[query] { largest[query] = row[query] }
    }
    self.largest = largest
  }

  /// Writes to `classes`, `[K]`, in rising order, the classes that can win where each query's sigmoid is between `lower` and
  /// `upper`, `[Q]`, which are overwritten; returns how many.
  func find(
    lower: UnsafeMutablePointer<Float>, upper: UnsafeMutablePointer<Float>,
    into classes: UnsafeMutablePointer<Int>
  ) -> Int {
    // Every score is below this, and so its rounding, and that of a lead, below `tolerance`.
    var limit: Float = 0
    for query in 0..<queries { limit += largest[query] * upper[query] }
    let tolerance = limit * Float(queries + 16) * 0x1p-21
    let (middle, half) = (lower, upper)
    for query in 0..<queries {
      (middle[query], half[query]) = ((lower[query] + upper[query]) / 2, (upper[query] - lower[query]) / 2)
    }

    var (best, bestScore) = (0, -Float.infinity)
    for index in 0..<weights.shape[0] {
      let score = VectorMath.dot(weights.matrix.row(index), middle, queries)
      if score > bestScore { (best, bestScore) = (index, score) }
    }
    var count = 0
    for index in 0..<weights.shape[0] {
      let lead = VectorMath.largestDifference(
        weights.matrix.row(index), weights.matrix.row(best), middle, half, queries)
      if lead < -tolerance { continue }
      classes[count] = index
      count += 1
    }
    return count
  }
}
