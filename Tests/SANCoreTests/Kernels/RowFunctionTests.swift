import SANCore
import XCTest

/// Functions of rows, of every kernel set, against double precision.
final class RowFunctionTests: XCTestCase {
  /// Around the widths of vectors.
  private let counts = [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 48, 100, 240, 401, 1601]

  private func check(
    _ values: [Float], _ expected: (Int) -> Double, within bound: (Int) -> Double, _ what: String,
    line: UInt = #line
  ) {
    for index in values.indices where !(abs(Double(values[index]) - expected(index)) <= bound(index)) {
      return XCTFail("\(what) at \(index): \(values[index]), not \(expected(index))", line: line)
    }
  }

  func testSigmoid() {
    for kernels in KernelSet.tested {
      for count in counts {
        let before = Floats(count, seed: UInt64(count), range: 80)
        let x = Floats(count, seed: UInt64(count), range: 80)
        VectorMath.sigmoid(x.pointer, count, kernels: kernels)
        let exact = before.values.map { 1 / (1 + exp(-Double($0))) }
        check(x.values, { exact[$0] }, within: { 5 * rounding * exact[$0] }, "\(kernels) \(count)")
      }
    }
  }

  /// A fine sweep: what a polynomial is off by shows between its nodes.
  func testPrecision() {
    let count = 200_001
    func sweep(_ range: Float) -> [Float] { (0..<count).map { range * (Float($0) / Float(count / 2) - 1) } }
    for kernels in KernelSet.tested {
      for range in [Float(80), 2] {
        var values = sweep(range)
        let exact = values.map { 1 / (1 + exp(-Double($0))) }
        values.withUnsafeMutableBufferPointer { VectorMath.sigmoid($0.baseAddress!, count, kernels: kernels) }
        check(values, { exact[$0] }, within: { 4 * rounding * exact[$0] }, "\(kernels) σ ±\(range)")
      }
      for range in [Float(8), 1.5] {
        var values = sweep(range)
        let exact = values.map { Double($0) * 0.5 * (1 + erf(Double($0) / 2.0.squareRoot())) }
        values.withUnsafeMutableBufferPointer {
          Activation.gelu.apply($0.baseAddress!, count: count, kernels: kernels)
        }
        // Of the result; where that is small, as it is far below 0, of 0.05.
        check(
          values, { exact[$0] },
          within: { rounding * ($0 > count / 2 ? 4 * exact[$0] : 12 * max(-exact[$0], 0.05)) },
          "\(kernels) GELU ±\(range)")
      }
    }
  }

  func testSigmoidFarOut() {
    let far: [Float] = [-1e30, -.infinity, -200, -88, 0, 88, 200, .infinity, 1e30]
    for kernels in KernelSet.tested {
      var values = far
      values.withUnsafeMutableBufferPointer {
        VectorMath.sigmoid($0.baseAddress!, far.count, kernels: kernels)
      }
      check(
        values, { [0, 0, 0, 0, 0.5, 1, 1, 1, 1][$0] }, within: { _ in 0x1p-120 }, "\(kernels)")
    }
  }

  func testActivations() {
    let functions: [(Activation, (Double) -> Double)] = [
      (.identity, { $0 }), (.relu, { max($0, 0) }), (.relu6, { min(max($0, 0), 6) }),
      (.quickGELU, { $0 / (1 + exp(-1.702 * $0)) }),
      (.gelu, { $0 * 0.5 * (1 + erf($0 / 2.0.squareRoot())) }),
    ]
    for kernels in KernelSet.tested {
      for (activation, function) in functions {
        for count in counts {
          let x = Floats(count, seed: UInt64(count), range: 9)
          let before = x.values.map(Double.init)
          activation.apply(x.pointer, count: count, kernels: kernels)
          // Where 1 + erf or σ is small, its error is that of the 1.
          check(
            x.values, { function(before[$0]) }, within: { 6 * rounding * abs(before[$0]) },
            "\(kernels) \(activation) \(count)")
        }
      }
    }
  }

  func testSoftmax() {
    for kernels in KernelSet.tested {
      for count in counts {
        for range in [Float(0.1), 5, 300] {
          let x = Floats(count, seed: UInt64(count), range: range)
          let before = x.values.map(Double.init)
          VectorMath.softmax(x.pointer, count, kernels: kernels)
          let largest = before.max()!
          let weights = before.map { exp($0 - largest) }
          let total = weights.reduce(0, +)
          // The difference of two floats is rounded once; what is below e⁻⁸⁷ of the largest may be held there.
          check(
            x.values, { weights[$0] / total },
            within: {
              weights[$0] / total * rounding * (2 * Double(range) + 16 + Double(count) / 8) + exp(-86.9)
            },
            "\(kernels) \(count) ±\(range)")
        }
      }
    }
  }

  /// Two values far above the rest share the weight, wherever in the row they stand.
  func testSoftmaxOfTwoPeaks() {
    for kernels in KernelSet.tested {
      for count in [2, 7, 8, 16, 37] {
        for peak in 0..<count {
          var row = [Float](repeating: -200, count: count)
          row[peak] = 200
          row[(peak + 1) % count] = 198
          row.withUnsafeMutableBufferPointer { VectorMath.softmax($0.baseAddress!, count, kernels: kernels) }
          let exact = row.indices.map { index in
            index == peak ? 1 / (1 + exp(-2.0)) : index == (peak + 1) % count ? 1 / (1 + exp(2.0)) : 0
          }
          check(
            row, { exact[$0] }, within: { 8 * rounding * exact[$0] + 0x1p-100 }, "\(kernels) \(count) \(peak)"
          )
        }
      }
    }
  }

  func testLayerNorm() {
    let pool = ThreadPool(threads: 2)
    for kernels in KernelSet.tested {
      for count in counts {
        let rows = 3
        let (weight, bias) = (Floats(count, seed: 1), Floats(count, seed: 2))
        let x = Floats(rows * count, seed: UInt64(count), range: 4)
        let y = Floats(rows * count)
        let norm = LayerNorm(weight: weight.tensor([count]), bias: bias.tensor([count]), epsilon: 1e-5)
        norm(x.matrix(rows, count), into: y.matrix(rows, count), pool: pool, kernels: kernels)
        for row in 0..<rows {
          let values = (0..<count).map { Double(x[row * count + $0]) }
          let mean = values.reduce(0, +) / Double(count)
          let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
          let scale = 1 / (variance + 1e-5).squareRoot()
          check(
            Array(y.values[row * count..<(row + 1) * count]),
            { (values[$0] - mean) * scale * Double(weight[$0]) + Double(bias[$0]) },
            within: { _ in rounding * (16 + 4 * 4 * scale) * 4 }, "\(kernels) \(count)")
        }
        // In place.
        norm(x.matrix(rows, count), into: x.matrix(rows, count), pool: pool, kernels: kernels)
        XCTAssertEqual(x.values, y.values, "\(kernels) \(count) in place")
      }
    }
  }

  func testDotAndAddScaled() {
    for kernels in KernelSet.tested {
      for count in counts {
        let (a, b) = (Floats(count, seed: 1), Floats(count, seed: 2))
        let products = (0..<count).map { Double(a[$0]) * Double(b[$0]) }
        XCTAssertEqual(
          Double(VectorMath.dot(a.pointer, b.pointer, count, kernels: kernels)), products.reduce(0, +),
          accuracy: rounding * Double(count + 2) * products.reduce(0) { $0 + abs($1) }, "\(kernels) \(count)")
        let before = b.values.map(Double.init)
        VectorMath.addScaled(b.pointer, a.pointer, count, by: -0.7, kernels: kernels)
        check(
          b.values, { before[$0] + Double(Float(-0.7)) * Double(a[$0]) }, within: { _ in 3 * rounding },
          "\(kernels) \(count)")
      }
    }
  }

  /// The first of equal values stays; what is no number never wins.
  func testKeepLarger() {
    for kernels in KernelSet.tested {
      for count in counts {
        let rows = (0..<9).map { row in
          (0..<count).map { column -> Float in
            let value = Float((row * 7 + column * 5) % 4)
            return (row + column) % 11 == 3 && row > 0 ? .nan : value
          }
        }
        // One more than a row has, which must stay as it is.
        var best = rows[0] + [-1]
        var winner = [Float](repeating: 0, count: count) + [-1]
        best.withUnsafeMutableBufferPointer { best in
          winner.withUnsafeMutableBufferPointer { winner in
            for (index, row) in rows.enumerated().dropFirst() {
              VectorMath.keepLarger(
                row, count, number: Float(index), best: best.baseAddress!, winner: winner.baseAddress!,
                kernels: kernels)
            }
          }
        }
        for column in 0..<count {
          let values = rows.map { $0[column] }
          let largest = values.filter { !$0.isNaN }.max()!
          XCTAssertEqual(best[column], largest, "\(kernels) \(count) at \(column)")
          XCTAssertEqual(
            winner[column], Float(values.firstIndex(of: largest)!), "\(kernels) \(count) at \(column)")
        }
        XCTAssertEqual([best[count], winner[count]], [-1, -1], "\(kernels) \(count): beyond the row")
      }
    }
  }

  func testSetsByName() {
    XCTAssertEqual(KernelSet.available.first, .portable)
    XCTAssertTrue(KernelSet.tested.contains(.current))
    XCTAssertEqual(Set(KernelSet.available.map(\.description)).count, KernelSet.available.count)
  }
}
