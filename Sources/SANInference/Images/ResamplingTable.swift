/// The two filters that the field resizes with.
public enum ResamplingFilter: String, Sendable, CaseIterable {
  /// A triangle over two source pixels: the reference evaluation's.
  case bilinear
  /// Keys's cubic, a = −0.5, over four source pixels: the reference demo's.
  case bicubic

  /// How far the filter reaches from its centre, in source pixels when enlarging.
  var radius: Double {
    switch self {
    case .bilinear: 1
    case .bicubic: 2
    }
  }

  /// The filter's value `x` from its centre. The order of the operations is part of the result.
  func callAsFunction(_ x: Double) -> Double {
    let x = abs(x)
    switch self {
    case .bilinear:
      return x < 1 ? 1 - x : 0
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
      return 0
    }
  }
}

/// Which source pixels make each pixel of a resized line, and with what weights.
///
/// Antialiased as in Pillow: reducing widens the filter by the factor. Weights are integers of 22
/// fractional bits.
struct ResamplingTable: Sendable {
  static let fractionBits = 22

  /// The first source pixel of each output pixel.
  let first: [Int]
  /// The number of source pixels of each output pixel.
  let count: [Int]
  /// `[output pixel, most]`; what passes `count` is 0.
  let weights: [Int32]
  /// The most source pixels that one output pixel has.
  let most: Int

  init(from source: Int, to target: Int, filter: ResamplingFilter) {
    let scale = Double(source) / Double(target)
    let widening = max(scale, 1)
    let support = filter.radius * widening
    let most = Int(support.rounded(.up)) * 2 + 1
    var first = [Int](repeating: 0, count: target)
    var count = first
    var weights = [Int32](repeating: 0, count: target * most)
    var exact = [Double](repeating: 0, count: most)
    for i in 0..<target {
      let center = (Double(i) + 0.5) * scale
      let low = max(Int(center - support + 0.5), 0)
      let high = min(Int(center + support + 0.5), source)
      var sum = 0.0
      for x in 0..<high - low {
        exact[x] = filter((Double(x + low) - center + 0.5) * (1 / widening))
        sum += exact[x]
      }
      for x in 0..<high - low {
        let weight = (sum == 0 ? exact[x] : exact[x] / sum) * Double(1 << Self.fractionBits)
        weights[i * most + x] = Int32(weight < 0 ? weight - 0.5 : weight + 0.5)
      }
      first[i] = low
      count[i] = high - low
    }
    (self.first, self.count, self.weights, self.most) = (first, count, weights, most)
  }
}
