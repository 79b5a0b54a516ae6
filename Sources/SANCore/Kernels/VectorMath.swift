/// Functions of contiguous floats. Those that take much of the time are the kernels'; the others are loops here, whose sums
/// run in 16 lanes: a plain loop would have to add in order.
package enum VectorMath {
  private typealias Lanes = SIMD16<Float>

  @inline(__always)
  private static func load(_ x: UnsafePointer<Float>, _ index: Int) -> Lanes {
    UnsafeRawPointer(x + index).loadUnaligned(as: Lanes.self)
  }

  /// Σ x
  static func sum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    var lanes = Lanes.zero
    let whole = count & ~15
    for index in stride(from: 0, to: whole, by: 16) { lanes += load(x, index) }
    var total = lanes.sum()
    for index in whole..<count { total += x[index] }
    return total
  }

  /// Σ (x − mean)²
  static func sumOfSquares(_ x: UnsafePointer<Float>, _ count: Int, around mean: Float = 0) -> Float {
    var lanes = Lanes.zero
    let whole = count & ~15
    let means = Lanes(repeating: mean)
    for index in stride(from: 0, to: whole, by: 16) {
      let d = load(x, index) - means
      lanes += d * d
    }
    var total = lanes.sum()
    for index in whole..<count { total += (x[index] - mean) * (x[index] - mean) }
    return total
  }

  /// Σ a·b
  package static func dot(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int, kernels: KernelSet = .current
  ) -> Float { kernels.table.pointee.dot(a, b, count) }

  /// Σ (a − b)·middle + |a − b|·half: the largest that Σ (a − b)·x can be where each x is at most `half` from `middle`.
  static func largestDifference(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ middle: UnsafePointer<Float>,
    _ half: UnsafePointer<Float>, _ count: Int
  ) -> Float {
    var lanes = Lanes.zero
    let whole = count & ~15
    for index in stride(from: 0, to: whole, by: 16) {
      let d = load(a, index) - load(b, index)
      lanes += d * load(middle, index) + d.replacing(with: -d, where: d .< 0) * load(half, index)
    }
    var total = lanes.sum()
    for index in whole..<count {
      let d = a[index] - b[index]
      total += d * middle[index] + abs(d) * half[index]
    }
    return total
  }

  /// x *= factor
  static func scale(_ x: UnsafeMutablePointer<Float>, _ count: Int, by factor: Float) {
    for index in 0..<count { x[index] *= factor }
  }

  /// y += factor·x
  package static func addScaled(
    _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int, by factor: Float,
    kernels: KernelSet = .current
  ) { kernels.table.pointee.add_scaled(y, x, count, factor) }

  /// Where x > best: best = x, winner = number. A value that is no number is never larger.
  package static func keepLarger(
    _ x: UnsafePointer<Float>, _ count: Int, number: Float, best: UnsafeMutablePointer<Float>,
    winner: UnsafeMutablePointer<Float>, kernels: KernelSet = .current
  ) { kernels.table.pointee.keep_larger(x, count, number, best, winner) }

  /// y += x
  static func add(_ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int) {
    for index in 0..<count { y[index] += x[index] }
  }

  /// x = 1 / (1 + e⁻ˣ)
  package static func sigmoid(_ x: UnsafeMutablePointer<Float>, _ count: Int, kernels: KernelSet = .current) {
    kernels.table.pointee.sigmoid(x, count)
  }

  /// Replaces a row by its softmax.
  package static func softmax(_ x: UnsafeMutablePointer<Float>, _ count: Int, kernels: KernelSet = .current) {
    kernels.table.pointee.softmax(x, count)
  }

  /// Divides a row by its length.
  package static func normalize(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
    scale(x, count, by: 1 / max(sumOfSquares(x, count).squareRoot(), 1e-12))
  }
}
