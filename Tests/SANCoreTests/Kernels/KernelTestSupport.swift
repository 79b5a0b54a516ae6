import Foundation
import SANCore
import XCTest

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

/// An activation in double precision.
func activated(_ x: Double, _ activation: Activation) -> Double {
  switch activation {
  case .identity: x
  case .relu: max(x, 0)
  case .relu6: min(max(x, 0), 6)
  case .quickGELU: x / (1 + exp(-1.702 * x))
  case .gelu: x * 0.5 * (1 + erf(x / 2.0.squareRoot()))
  }
}

extension XCTestCase {
  /// Checks that a row comes out the same to the last bit, alone or among others, on any number of threads.
  ///
  /// - Parameters:
  ///   - size: rows, depth and columns.
  ///   - parts: the first row and the number of rows of calls that are compared with one for all.
  ///   - threads: of those calls.
  ///   - layer: of a weight and a bias, for a set of kernels.
  func checkRowsDoNotDependOnTheCall(
    _ size: (Int, Int, Int), parts: [(Int, Int)], threads: Int, sets: [KernelSet],
    layer: (Tensor, Tensor, KernelSet) -> Linear
  ) {
    let (m, k, n) = size
    let (weight, bias, x) = (Floats(n * k, seed: 1), Floats(n, seed: 2), Floats(m * k, seed: 3))
    for kernels in sets {
      let layer = layer(weight.tensor([n, k]), bias.tensor([n]), kernels)
      let all = Floats(m * n)
      layer(x.matrix(m, k), into: all.matrix(m, n), activation: .gelu, pool: ThreadPool(threads: 1))
      for threads in [2, 3, 5] {
        let again = Floats(m * n)
        layer(x.matrix(m, k), into: again.matrix(m, n), activation: .gelu, pool: ThreadPool(threads: threads))
        XCTAssertEqual(all.values, again.values, "\(kernels), \(threads) threads")
      }
      let pool = ThreadPool(threads: threads)
      for (first, count) in parts {
        let some = Floats(count * n)
        layer(
          x.matrix(m, k).rows(first..<first + count), into: some.matrix(count, n), activation: .gelu,
          pool: pool)
        XCTAssertEqual(
          Array(all.values[first * n..<(first + count) * n]), some.values, "\(kernels), rows \(first)…")
      }
    }
  }

  /// Checks that a query's result is the same to the last bit among any others, on any number of threads.
  func checkQueriesDoNotDependOnTheCall(_ precision: Precision, sets: [KernelSet]) {
    let (queries, keys, heads, width) = (131, 205, 3, 40)
    let channels = heads * width
    let (q, k) = (Floats(queries * channels, seed: 1, range: 3), Floats(keys * channels, seed: 2, range: 3))
    let v = Floats(keys * channels, seed: 3)
    for kernels in sets {
      func run(_ rows: Range<Int>, threads: Int) -> [Float] {
        let out = Floats(rows.count * channels)
        Attention.attend(
          query: q.matrix(queries, channels).rows(rows), key: k.matrix(keys, channels),
          value: v.matrix(keys, channels), heads: heads, into: out.matrix(rows.count, channels),
          workspace: Workspace(pool: ThreadPool(threads: threads)), precision: precision, kernels: kernels)
        return out.values
      }
      let all = run(0..<queries, threads: 1)
      XCTAssertEqual(all, run(0..<queries, threads: 3), "\(kernels)")
      for rows in [0..<1, 47..<49, 60..<131, 5..<100] {
        XCTAssertEqual(
          Array(all[rows.lowerBound * channels..<rows.upperBound * channels]), run(rows, threads: 2),
          "\(kernels) \(rows)")
      }
    }
  }
}
