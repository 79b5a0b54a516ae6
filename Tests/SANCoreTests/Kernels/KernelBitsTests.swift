import SANCore
import XCTest

/// What is the same to the last bit.
final class KernelBitsTests: XCTestCase {
  private let pool = ThreadPool(threads: 1)

  /// A row of a product comes out the same beside any others: for up to two tiles of rows and one more, and odd depths.
  func testRowsOfProducts() {
    let columns = 51
    for kernels in KernelSet.tested {
      for depth in [1, 7, 129, 301, 1027] {
        let rows = 17
        let x = Floats(rows * depth, seed: 1)
        let (keys, plain) = (Floats(columns * depth, seed: 2), Floats(depth * columns, seed: 3))
        let bias = Floats(columns, seed: 4)
        let layer = Linear(
          weight: keys.tensor([columns, depth]), bias: bias.tensor([columns]), kernels: kernels)
        func products(_ range: Range<Int>) -> [[Float]] {
          let a = x.matrix(rows, depth).rows(range)
          let results = (0..<3).map { _ in Floats(range.count * columns) }
          let views = results.map { $0.matrix(range.count, columns) }
          GEMM.multiply(a, keys.matrix(columns, depth), .transposed, into: views[0], kernels: kernels)
          GEMM.multiply(a, plain.matrix(depth, columns), .plain, into: views[1], alpha: 0.3, kernels: kernels)
          layer(a, into: views[2], activation: .gelu, pool: pool)
          return results.map(\.values)
        }
        let alone = (0..<rows).map { products($0..<$0 + 1) }
        for count in 2...rows {
          for first in [0, 1, rows - count] where first + count <= rows {
            let together = products(first..<first + count)
            for kind in 0..<3 {
              let expected = alone[first..<first + count].flatMap { $0[kind] }
              if together[kind] != expected {
                return XCTFail(
                  "\(kernels), product \(kind) of depth \(depth): rows \(first)..<\(first + count)")
              }
            }
          }
        }
      }
    }
  }

  /// On pairs of AVX2's vectors, AVX-512's kernels come to the same bits: what tests show of the ones holds for the others.
  func testPairsAreAsAVX512() throws {
    guard let pairs = KernelSet.pairs, let whole = KernelSet.available.first(where: { "\($0)" == "avx512" })
    else {
      throw XCTSkip("this processor has no AVX-512")
    }
    func check(_ what: String, _ body: (KernelSet) -> [Float]) {
      let (a, b) = (body(whole), body(pairs))
      XCTAssert(zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern } && a.count == b.count, what)
    }
    for count in [1, 7, 15, 16, 17, 33, 100, 401] {
      for range in [Float(0.1), 5, 90, 1e30] {
        let values = Floats(count, seed: UInt64(count), range: range).values
        let (weight, bias) = (Floats(count, seed: 8), Floats(count, seed: 9))
        func changed(_ change: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
          var values = values
          values.withUnsafeMutableBufferPointer { change($0.baseAddress!) }
          return values
        }
        for activation in [Activation.relu, .relu6, .quickGELU, .gelu] {
          check("\(activation) \(count) ±\(range)") { kernels in
            changed { activation.apply($0, count: count, kernels: kernels) }
          }
        }
        check("σ \(count) ±\(range)") { kernels in
          changed { VectorMath.sigmoid($0, count, kernels: kernels) }
        }
        check("y + c·x \(count) ±\(range)") { kernels in
          changed { VectorMath.addScaled($0, weight.pointer, count, by: 0.3, kernels: kernels) }
        }
        check("larger \(count) ±\(range)") { kernels in
          var winner = [Float](repeating: 0, count: count)
          let best = changed { best in
            winner.withUnsafeMutableBufferPointer {
              VectorMath.keepLarger(
                weight.pointer, count, number: 3, best: best, winner: $0.baseAddress!, kernels: kernels)
            }
          }
          return best + winner
        }
        if range > 1e20 { continue }
        check("softmax \(count) ±\(range)") { kernels in
          changed { VectorMath.softmax($0, count, kernels: kernels) }
        }
        check("dot \(count) ±\(range)") { kernels in
          var dot: Float = 0
          _ = changed { dot = VectorMath.dot($0, weight.pointer, count, kernels: kernels) }
          return [dot]
        }
        check("norm \(count) ±\(range)") { kernels in
          let norm = LayerNorm(weight: weight.tensor([count]), bias: bias.tensor([count]), epsilon: 1e-5)
          return changed {
            let x = Matrix($0, rows: 1, columns: count)
            norm(x, into: x, pool: pool, kernels: kernels)
          }
        }
      }
    }
    for (m, k, n) in [(1, 1, 1), (7, 129, 31), (8, 256, 48), (17, 1027, 50), (9, 300, 145)] {
      let (x, weight, bias) = (Floats(m * k, seed: 1), Floats(n * k, seed: 2), Floats(n, seed: 3))
      for activation in [Activation.identity, .relu, .relu6, .quickGELU, .gelu] {
        check("\(activation) of \(m)×\(k)×\(n)") { kernels in
          let y = Floats(m * n)
          let layer = Linear(weight: weight.tensor([n, k]), bias: bias.tensor([n]), kernels: kernels)
          layer(x.matrix(m, k), into: y.matrix(m, n), activation: activation, pool: pool)
          return y.values
        }
      }
      for layout in [GEMM.Layout.transposed, .plain] {
        check("\(layout) \(m)×\(k)×\(n)") { kernels in
          let y = Floats(m * n, seed: 4)
          let b = layout == .plain ? weight.matrix(k, n) : weight.matrix(n, k)
          GEMM.multiply(
            x.matrix(m, k), b, layout, into: y.matrix(m, n), alpha: -1.5, beta: 1, kernels: kernels)
          return y.values
        }
      }
    }
    for (queries, keys, width) in [(1, 1, 1), (17, 129, 12), (48, 300, 40), (97, 65, 64)] {
      for range in [Float(0.1), 2, 20] {
        let (q, k) = (
          Floats(queries * width, seed: 1, range: range), Floats(keys * width, seed: 2, range: range)
        )
        let v = Floats(keys * width, seed: 3)
        check("attention \(queries), \(keys), \(width) ±\(range)") { kernels in
          let out = Floats(queries * width)
          Attention.attend(
            query: q.matrix(queries, width), key: k.matrix(keys, width), value: v.matrix(keys, width),
            heads: 1,
            into: out.matrix(queries, width), workspace: Workspace(pool: pool), kernels: kernels)
          return out.values
        }
      }
    }
  }
}
