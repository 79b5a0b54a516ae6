import SANCore
import XCTest

/// Matrix products of every kernel set against sums in double precision.
final class ProductTests: XCTestCase {
  /// Rows, depth and columns: around the sizes of tiles and panels, and what the networks have.
  private let sizes = [
    (1, 1, 1), (1, 7, 3), (2, 16, 10), (5, 48, 16), (6, 3, 17), (7, 64, 31), (8, 33, 32), (9, 12, 33),
    (13, 40, 47), (12, 48, 48), (17, 64, 49), (23, 100, 64), (3, 240, 80), (31, 255, 95), (16, 256, 96),
    (10, 257, 97), (4, 511, 144), (19, 512, 50), (8, 513, 192), (11, 1025, 145), (100, 96, 240),
    (7, 300, 500),
  ]

  /// Σ x·b and Σ |x·b| for one element.
  private func sums(
    _ depth: Int, _ x: (Int) -> Float, _ b: (Int) -> Float
  ) -> (value: Double, magnitude: Double) {
    var (value, magnitude) = (0.0, 0.0)
    for k in 0..<depth {
      let product = Double(x(k)) * Double(b(k))
      value += product
      magnitude += abs(product)
    }
    return (value, magnitude)
  }

  func testProductsOfActivations() {
    for kernels in KernelSet.tested {
      for (seed, (m, k, n)) in sizes.enumerated() {
        for layout in [GEMM.Layout.transposed, .plain] {
          let (aStride, bStride, cStride) = (k + 3, (layout == .plain ? n : k) + 5, n + 2)
          let bRows = layout == .plain ? k : n
          let a = Floats(span(m, k, stride: aStride), seed: UInt64(seed))
          let b = Floats(span(bRows, layout == .plain ? n : k, stride: bStride), seed: UInt64(seed + 100))
          for (alpha, beta) in [(Float(1), Float(0)), (0.25, 1), (-1.5, 0.5)] {
            let c =
              beta == 0 ? Floats(span(m, n, stride: cStride)) : Floats(span(m, n, stride: cStride), seed: 7)
            let before = c.values
            GEMM.multiply(
              a.matrix(m, k, stride: aStride), b.matrix(bRows, layout == .plain ? n : k, stride: bStride),
              layout,
              into: c.matrix(m, n, stride: cStride), alpha: alpha, beta: beta, kernels: kernels)
            for i in 0..<m {
              for j in 0..<cStride where i * cStride + j < c.count {
                let (old, new) = (before[i * cStride + j], c[i * cStride + j])
                if j >= n {
                  XCTAssertEqual(old.bitPattern, new.bitPattern, "gap \(kernels) \(m)×\(k)×\(n)")
                  continue
                }
                let sum = sums(
                  k, { a[i * aStride + $0] },
                  { layout == .plain ? b[$0 * bStride + j] : b[j * bStride + $0] })
                let kept = beta == 0 ? 0 : Double(beta) * Double(old)
                let expected = Double(alpha) * sum.value + kept
                let bound = Double(k + 4) * rounding * (abs(Double(alpha)) * sum.magnitude + abs(kept))
                if !(abs(Double(new) - expected) <= bound) {
                  return XCTFail("\(kernels) \(layout) \(m)×\(k)×\(n) at \(i), \(j): \(new), not \(expected)")
                }
              }
            }
          }
        }
      }
    }
  }

  func testLinearLayers() {
    let pool = ThreadPool(threads: 2)
    for kernels in KernelSet.tested {
      for (index, (m, k, n)) in sizes.enumerated() {
        let weight = Floats(n * k, seed: UInt64(index + 1))
        let bias = Floats(n, seed: 3)
        let x = Floats(span(m, k, stride: k + 1), seed: UInt64(index + 50))
        for activation in [Activation.identity, .relu, .relu6, .quickGELU, .gelu] {
          for (biased, accumulate) in [(false, false), (true, false), (true, true)] {
            if accumulate && activation != .identity { continue }
            let layer = Linear(
              weight: weight.tensor([n, k]), bias: biased ? bias.tensor([n]) : nil, kernels: kernels)
            let stride = n + 3
            let y =
              accumulate ? Floats(span(m, n, stride: stride), seed: 9) : Floats(span(m, n, stride: stride))
            let before = y.values
            layer(
              x.matrix(m, k, stride: k + 1), into: y.matrix(m, n, stride: stride), activation: activation,
              accumulate: accumulate, pool: pool)
            for i in 0..<m {
              for j in 0..<stride where i * stride + j < y.count {
                let (old, new) = (before[i * stride + j], y[i * stride + j])
                if j >= n {
                  XCTAssertEqual(old.bitPattern, new.bitPattern, "gap \(kernels) \(m)×\(k)×\(n)")
                  continue
                }
                let sum = sums(k, { x[i * (k + 1) + $0] }, { weight[j * k + $0] })
                let added = (biased ? Double(bias[j]) : 0) + (accumulate ? Double(old) : 0)
                let expected = activated(sum.value + added, activation)
                // No activation is steeper than 1.13; its own error is a few roundings of its argument.
                let bound =
                  rounding
                  * (1.13 * Double(k + 4) * (sum.magnitude + abs(added)) + 8 * abs(sum.value + added))
                if !(abs(Double(new) - expected) <= bound) {
                  return XCTFail(
                    "\(kernels) \(activation) \(m)×\(k)×\(n) at \(i), \(j): \(new), not \(expected)")
                }
              }
            }
          }
        }
      }
    }
  }

  /// A row comes out the same to the last bit, alone or among others, on any number of threads.
  func testRowsDoNotDependOnTheCall() {
    checkRowsDoNotDependOnTheCall(
      (531, 600, 100), parts: [(0, 1), (1, 1), (530, 1), (100, 2), (201, 7), (300, 19)], threads: 1,
      sets: KernelSet.tested
    ) { Linear(weight: $0, bias: $1, kernels: $2) }
  }

  /// The first product of a large weight keeps no panels, the later ones do: the results are the same to the last bit.
  func testTheFirstProductIsAsTheLaterOnes() {
    for kernels in KernelSet.tested {
      for (m, k, n) in [(1, 1, 2), (7, 600, 100), (50, 2100, 131), (19, 33, 500)] {
        let (weight, bias, x) = (Floats(n * k, seed: 1), Floats(n, seed: 2), Floats(m * k, seed: 3))
        for threads in [1, 3] {
          let pool = ThreadPool(threads: threads)
          let layer = Linear(weight: weight.tensor([n, k]), bias: bias.tensor([n]), kernels: kernels)
          let results = (0..<3).map { _ in
            let y = Floats(m * n)
            layer(x.matrix(m, k), into: y.matrix(m, n), activation: .quickGELU, pool: pool)
            return y.values
          }
          XCTAssertEqual(results[0], results[1], "\(kernels) \(m)×\(k)×\(n), \(threads) threads")
          XCTAssertEqual(results[1], results[2], "\(kernels) \(m)×\(k)×\(n), \(threads) threads")
        }
      }
    }
  }

  func testNothingToDo() {
    for kernels in KernelSet.tested {
      let layer = Linear(weight: Floats(12, seed: 1).tensor([4, 3]), bias: nil, kernels: kernels)
      layer(Floats(0).matrix(0, 3), into: Floats(0).matrix(0, 4), pool: ThreadPool(threads: 2))
      GEMM.multiply(
        Floats(0).matrix(0, 3), Floats(12, seed: 1).matrix(4, 3), .transposed, into: Floats(0).matrix(0, 4),
        kernels: kernels)
      // A depth of 0 is a sum of nothing.
      let c = Floats(6)
      GEMM.multiply(
        Floats(0).matrix(2, 0), Floats(0).matrix(3, 0), .transposed, into: c.matrix(2, 3), kernels: kernels)
      XCTAssertEqual(c.values, [Float](repeating: 0, count: 6), "\(kernels)")
    }
  }
}
