import SANCore
import XCTest

/// Attention in bfloat16, of every kernel set, against its definition in double precision of the rounded numbers.
final class Bfloat16AttentionTests: XCTestCase {
  private let sets = KernelSet.tested + (KernelSet.withoutVNNI.map { [$0] } ?? [])

  /// Queries, keys, heads and channels of a head.
  private let sizes = [
    (1, 1, 1, 1), (1, 5, 2, 12), (3, 17, 1, 16), (10, 26, 4, 12), (47, 127, 2, 24), (48, 128, 2, 40),
    (49, 129, 3, 40), (17, 300, 2, 64), (97, 65, 1, 48), (64, 64, 2, 7), (33, 401, 1, 80), (50, 257, 2, 33),
    (2, 2, 1, 3),
  ]

  func testAgainstTheDefinition() {
    let workspace = Workspace(pool: ThreadPool(threads: 2))
    for kernels in sets {
      for (index, (queries, keys, heads, width)) in sizes.enumerated() {
        // The last case of scores is steep: single keys take nearly all the weight.
        for range in [Float(0.1), 2, 20] {
          let channels = heads * width
          let stride = 3 * channels + 1
          let tokens = max(queries, keys)
          let stacked = Floats(
            span(tokens, 3 * channels, stride: stride), seed: UInt64(index + 1), range: range)
          let all = stacked.matrix(tokens, 3 * channels, stride: stride)
          let out = Floats(span(queries, channels, stride: channels + 2))
          let target = out.matrix(queries, channels, stride: channels + 2)
          let query = all.rows(0..<queries).columns(0..<channels)
          let key = all.rows(0..<keys).columns(channels..<2 * channels)
          let value = all.rows(0..<keys).columns(2 * channels..<3 * channels)
          Attention.attend(
            query: query, key: key, value: value, heads: heads, into: target, workspace: workspace,
            precision: .bfloat16, kernels: kernels)
          let scale = 1 / Float(width).squareRoot() * Float(1.442_695_04)
          for i in 0..<queries {
            for head in 0..<heads {
              let at = head * width
              var (scores, spread) = ([Double](), 0.0)
              for j in 0..<keys {
                var (sum, magnitude) = (0.0, 0.0)
                for c in at..<at + width {
                  let product = Bfloat16.rounded(scale * query.row(i)[c]) * Bfloat16.rounded(key.row(j)[c])
                  sum += product
                  magnitude += abs(product)
                }
                scores.append(sum)
                spread = max(spread, magnitude)
              }
              let largest = scores.max()!
              let weights = scores.map { exp2($0 - largest) }
              let total = weights.reduce(0, +)
              for c in at..<at + width {
                let values = (0..<keys).map { Bfloat16.rounded(value.row($0)[c]) }
                let expected = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 } / total
                let deviation =
                  zip(weights, values).reduce(0) { $0 + $1.0 * abs($1.1 - expected) } / total
                // Each weight is rounded, and all are divided by their sum: what it moves is the value's distance from the mean.
                // A score is off by some roundings of single precision, and a weight by as much, relative to itself.
                let single = rounding * (4 * (Double(width + 8) * spread + 16) + Double(keys)) * Double(range)
                let bound = Bfloat16.rounding * 1.01 * deviation + single
                if !(abs(Double(target.row(i)[c]) - expected) <= bound) {
                  return XCTFail(
                    "\(kernels) \(sizes[index]) ±\(range) at \(i), \(c): \(target.row(i)[c]), not \(expected)"
                  )
                }
              }
            }
            for c in channels..<channels + 2 where i + 1 < queries {
              XCTAssertTrue(target.row(i)[c].isNaN, "the gap between rows stays")
            }
          }
        }
      }
    }
  }

  /// Weights are rounded and still add up to 1: what all values agree on comes out.
  func testWeightsAddUp() {
    let (queries, keys, width) = (50, 300, 5)
    let (q, k) = (Floats(queries * width, seed: 1, range: 4), Floats(keys * width, seed: 2, range: 4))
    let (v, out) = (Floats(keys * width), Floats(queries * width))
    for index in 0..<v.count { v.pointer[index] = Float(index % width) + 0.5 }
    for kernels in sets {
      attend(q.matrix(queries, width), k.matrix(keys, width), v.matrix(keys, width), out, kernels)
      for index in 0..<out.count {
        XCTAssertEqual(out[index], v[index % width], accuracy: v[index % width] * 1e-5, "\(kernels)")
      }
    }
  }

  /// An infinity or NaN in a query stays in its row; in a key or value it reaches every query, as in single precision.
  func testOddNumbers() {
    let (queries, keys, width) = (20, 131, 9)
    for kernels in sets {
      func run(_ change: (Floats, Floats, Floats) -> Void) -> [Float] {
        let (q, k) = (Floats(queries * width, seed: 1), Floats(keys * width, seed: 2))
        let (v, out) = (Floats(keys * width, seed: 3), Floats(queries * width))
        change(q, k, v)
        attend(q.matrix(queries, width), k.matrix(keys, width), v.matrix(keys, width), out, kernels)
        return out.values
      }
      let plain = run { _, _, _ in }
      XCTAssert(plain.allSatisfy(\.isFinite))
      for odd in [Float.nan, .infinity] {
        let query = run { q, _, _ in q.pointer[3 * width + 2] = odd }
        for index in plain.indices where index / width != 3 {
          XCTAssertEqual(query[index].bitPattern, plain[index].bitPattern, "\(kernels)")
        }
        XCTAssert(query[3 * width..<4 * width].allSatisfy { !$0.isFinite }, "\(kernels)")
        let value = run { _, _, v in v.pointer[130 * width + 4] = odd }
        for index in plain.indices {
          XCTAssertEqual(value[index].isFinite, index % width != 4, "\(kernels) \(index)")
        }
      }
    }
  }

  /// A query's result is the same to the last bit among any others, on any number of threads.
  func testQueriesDoNotDependOnTheCall() {
    checkQueriesDoNotDependOnTheCall(.bfloat16, sets: sets)
  }

  /// The processor's own instructions come to the bits of their emulation.
  func testInstructionsAreAsEmulated() throws {
    guard let pairs = KernelSet.pairs, let own = Bfloat16.setWithInstructions else {
      throw XCTSkip("this processor has no AVX-512 BF16")
    }
    for (queries, keys, heads, width) in sizes where heads == 1 || width < 50 {
      let channels = heads * width
      for range in [Float(0.1), 2, 20, 1e18] {
        let (q, k) = (
          Floats(queries * channels, seed: 1, range: range), Floats(keys * channels, seed: 2, range: range)
        )
        let v = Floats(keys * channels, seed: 3)
        let results = [own, pairs].map { kernels in
          let out = Floats(queries * channels)
          Attention.attend(
            query: q.matrix(queries, channels), key: k.matrix(keys, channels),
            value: v.matrix(keys, channels),
            heads: heads, into: out.matrix(queries, channels),
            workspace: Workspace(pool: ThreadPool(threads: 2)), precision: .bfloat16, kernels: kernels)
          return out.values
        }
        XCTAssert(
          zip(results[0], results[1]).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN },
          "\(queries), \(keys), \(heads), \(width) ±\(range)")
      }
    }
  }

  private func attend(_ q: Matrix, _ k: Matrix, _ v: Matrix, _ out: Floats, _ kernels: KernelSet) {
    Attention.attend(
      query: q, key: k, value: v, heads: 1, into: out.matrix(q.rows, q.columns),
      workspace: Workspace(pool: ThreadPool(threads: 2)), precision: .bfloat16, kernels: kernels)
  }
}
