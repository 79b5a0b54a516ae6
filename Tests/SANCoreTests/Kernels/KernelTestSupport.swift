import SANCore

/// Floats at an address that no vector is aligned to, with nothing after the last one: a read or write beyond
/// the end is one beyond the allocation.
final class Floats {
  let pointer: UnsafeMutablePointer<Float>
  let count: Int
  private let base: UnsafeMutablePointer<Float>

  /// `count` floats that are NaN, so that one that is never written shows.
  init(_ count: Int) {
    base = .allocate(capacity: count + 1)
    base.initialize(repeating: .nan, count: count + 1)
    pointer = base + 1
    self.count = count
  }

  /// Floats spread over ±`range`, the same for the same seed.
  convenience init(_ count: Int, seed: UInt64, range: Float = 1) {
    self.init(count)
    var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1
    for index in 0..<count {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      pointer[index] = (Float(state >> 40) / Float(1 << 23) - 1) * range
    }
  }

  deinit { base.deallocate() }

  subscript(index: Int) -> Float { pointer[index] }

  var values: [Float] { (0..<count).map { pointer[$0] } }

  /// These floats as a matrix, whose rows are `stride` apart; the last row ends with the memory.
  func matrix(_ rows: Int, _ columns: Int, stride: Int? = nil) -> Matrix {
    precondition(rows == 0 || (rows - 1) * (stride ?? columns) + columns <= count)
    return Matrix(pointer, rows: rows, columns: columns, stride: stride)
  }

  /// These floats as a tensor of its own memory.
  func tensor(_ shape: [Int]) -> Tensor { Tensor(shape: shape, values) }
}

/// How many floats a matrix of `rows` rows takes, the gap after its last row left out.
func span(_ rows: Int, _ columns: Int, stride: Int) -> Int { rows == 0 ? 0 : (rows - 1) * stride + columns }

/// Half the distance of neighbouring floats, relative: the error of one rounding.
let rounding = 0x1p-24

extension Linear {
  /// A layer of a matrix `[outputs, inputs]`, for one set of kernels.
  init(weight: Tensor, bias: Tensor?, kernels: KernelSet) {
    self.init(Weight(weight), bias: bias, kernels: kernels)
  }
}
