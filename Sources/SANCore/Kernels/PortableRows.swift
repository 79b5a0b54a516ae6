/// Functions of one row of floats in plain Swift. Sums and maxima run in 16 lanes: a plain loop would have to add in order.
enum PortableRows {
  private typealias Lanes = SIMD16<Float>

  @inline(__always)
  private static func load(_ x: UnsafePointer<Float>, _ index: Int) -> Lanes {
    UnsafeRawPointer(x + index).loadUnaligned(as: Lanes.self)
  }

  static func activate(_ x: UnsafeMutablePointer<Float>, _ count: Int, _ activation: Activation) {
    switch activation {
    case .identity:
      break
    case .relu:
      for index in 0..<count { x[index] = x[index] > 0 ? x[index] : 0 }
    case .relu6:
      for index in 0..<count { x[index] = min(max(x[index], 0), 6) }
    case .quickGELU:
      for index in 0..<count { x[index] *= ScalarMath.sigmoid(1.702 * x[index]) }
    case .gelu:
      for index in 0..<count { x[index] = ScalarMath.gelu(x[index]) }
    }
  }

  static func sigmoid(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
    for index in 0..<count { x[index] = ScalarMath.sigmoid(x[index]) }
  }

  static func softmax(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
    if count == 0 { return }
    let shift = maximum(x, count)
    for index in 0..<count { x[index] = ScalarMath.exp(x[index] - shift) }
    VectorMath.scale(x, count, by: 1 / VectorMath.sum(x, count))
  }

  static func normalize(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, weight: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, epsilon: Float
  ) {
    let mean = VectorMath.sum(x, count) / Float(count)
    let variance = VectorMath.sumOfSquares(x, count, around: mean) / Float(count)
    let scale = 1 / (variance + epsilon).squareRoot()
    for index in 0..<count { y[index] = (x[index] - mean) * scale * weight[index] + bias[index] }
  }

  static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
    var lanes = Lanes.zero
    let whole = count & ~15
    for index in stride(from: 0, to: whole, by: 16) { lanes += load(a, index) * load(b, index) }
    var total = lanes.sum()
    for index in whole..<count { total += a[index] * b[index] }
    return total
  }

  static func addScaled(
    _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int, by factor: Float
  ) {
    for index in 0..<count { y[index] += factor * x[index] }
  }

  static func keepLarger(
    _ x: UnsafePointer<Float>, _ count: Int, number: Float, best: UnsafeMutablePointer<Float>,
    winner: UnsafeMutablePointer<Float>
  ) {
    for index in 0..<count {
      let larger = x[index] > best[index]
      best[index] = larger ? x[index] : best[index]
      winner[index] = larger ? number : winner[index]
    }
  }

  /// The largest of `count` > 0 values.
  private static func maximum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    var lanes = Lanes(repeating: -.infinity)
    let whole = count & ~15
    for index in stride(from: 0, to: whole, by: 16) {
      let v = load(x, index)
      lanes.replace(with: v, where: v .> lanes)
    }
    var best = lanes.max()
    for index in whole..<count where x[index] > best { best = x[index] }
    return best
  }
}
