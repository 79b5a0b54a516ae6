import SANCore
import XCTest

/// Attention of every kernel set against its definition in double precision.
final class AttentionKernelTests: XCTestCase {
  /// Queries, keys, heads and channels of a head.
  private let sizes = [
    (1, 1, 1, 1), (1, 5, 2, 12), (3, 17, 1, 16), (10, 26, 4, 12), (47, 127, 2, 24), (48, 128, 2, 40),
    (49, 129, 3, 40), (17, 300, 2, 64), (97, 65, 1, 48), (64, 64, 2, 7), (33, 401, 1, 80), (50, 257, 2, 33),
  ]

  func testAgainstTheDefinition() {
    let workspace = Workspace(pool: ThreadPool(threads: 2))
    for kernels in KernelSet.tested {
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
            kernels: kernels)
          for i in 0..<queries {
            for head in 0..<heads {
              let at = head * width
              var (scores, spread) = ([Double](), 0.0)
              for j in 0..<keys {
                var (sum, magnitude) = (0.0, 0.0)
                for c in at..<at + width {
                  let product = Double(query.row(i)[c]) * Double(key.row(j)[c])
                  sum += product
                  magnitude += abs(product)
                }
                scores.append(sum / Double(width).squareRoot())
                spread = max(spread, magnitude / Double(width).squareRoot())
              }
              let largest = scores.max()!
              let weights = scores.map { exp($0 - largest) }
              let total = weights.reduce(0, +)
              for c in at..<at + width {
                let expected = zip(weights, 0...).reduce(0) { $0 + $1.0 * Double(value.row($1.1)[c]) } / total
                // A score is off by some roundings of its products, and a weight by as much, relative to itself.
                let bound = rounding * (4 * (Double(width + 8) * spread + 16) + Double(keys)) * Double(range)
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

  /// Attention of queries t to the keys 0 and 1 with the values 0 and 1 is the logistic function of t.
  func testWeights() {
    let count = 20_001
    let (query, out) = (Floats(count), Floats(count))
    for index in 0..<count { query.pointer[index] = 40 * (Float(index) / Float(count / 2) - 1) }
    let keys = Floats(2)
    (keys.pointer[0], keys.pointer[1]) = (0, 1)
    for kernels in KernelSet.tested {
      Attention.attend(
        query: query.matrix(count, 1), key: keys.matrix(2, 1), value: keys.matrix(2, 1), heads: 1,
        into: out.matrix(count, 1), workspace: Workspace(pool: ThreadPool(threads: 2)), kernels: kernels)
      for index in 0..<count {
        let t = Double(query[index])
        let expected = 1 / (1 + exp(-t))
        // The score is rounded twice on its way to powers of 2.
        if !(abs(Double(out[index]) - expected) <= (6 + 3 * abs(t)) * rounding * expected) {
          return XCTFail("\(kernels) at \(t): \(out[index]), not \(expected)")
        }
      }
    }
  }

  /// A query's result is the same to the last bit among any others, on any number of threads.
  func testQueriesDoNotDependOnTheCall() {
    checkQueriesDoNotDependOnTheCall(.float32, sets: KernelSet.tested)
  }
}
