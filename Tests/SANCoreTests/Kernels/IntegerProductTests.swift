import CVectorKernels
import SANCore
import XCTest

/// Layers of 8-bit integers, of every kernel set, against what their quantised numbers come to in double precision.
final class IntegerProductTests: XCTestCase {
  private let sets = KernelSet.tested + (KernelSet.withoutVNNI.map { [$0] } ?? [])
  private let pool = ThreadPool(threads: 2)

  /// Rows, depth and columns: around the sizes of tiles, groups and panels, and what the networks have.
  private let sizes = [
    (1, 1, 1), (1, 7, 3), (2, 16, 10), (5, 48, 16), (6, 3, 17), (7, 64, 31), (8, 33, 32), (9, 12, 33),
    (13, 2, 47),
    (12, 48, 48), (17, 65, 49), (23, 100, 64), (3, 240, 80), (31, 255, 95), (16, 256, 96), (10, 257, 97),
    (4, 511, 144), (19, 512, 50), (11, 1025, 145), (100, 96, 240), (7, 302, 500), (300, 30, 40),
  ]

  private func layer(_ weight: Tensor, bias: Tensor? = nil, _ kernels: KernelSet) -> Linear {
    var weight = Weight(weight)
    weight.precision = .int8
    return Linear(weight, bias: bias, kernels: kernels)
  }

  /// A weight's integers and what they are multiples of, by what is promised.
  private func quantized(weight row: [Float]) -> (integers: [Double], scale: Double) {
    let largest = row.map(abs).max() ?? 0
    if largest < 1e-30 { return (row.map { _ in 0 }, 0) }
    return (
      row.map { Double(($0 * (127 / largest)).rounded(.toNearestOrEven)) }, Double(largest / 127)
    )
  }

  /// A row's integers, its zero taken off, and what they are multiples of.
  private func quantized(row: [Float]) -> (integers: [Double], scale: Double, zero: Float) {
    let low = min(row.min() ?? 0, 0)
    let span = max(row.max() ?? 0, 0) - low
    if span < 1e-30 { return (row.map { _ in 0 }, 0, 0) }
    let inverse = 255 / span
    let zero = (-low * inverse).rounded(.toNearestOrEven)
    let steps = row.map { min(($0 * inverse).rounded(.toNearestOrEven) + zero, 255) - zero }
    return (steps.map(Double.init), Double(span / 255), zero)
  }

  func testLayers() {
    for (index, (m, k, n)) in sizes.enumerated() {
      let weight = Floats(n * k, seed: UInt64(index + 1))
      let bias = Floats(n, seed: 3)
      let x = Floats(span(m, k, stride: k + 1), seed: UInt64(index + 50), range: 3)
      let rows = (0..<m).map { row in quantized(row: (0..<k).map { x[row * (k + 1) + $0] }) }
      let columns = (0..<n).map { column in quantized(weight: (0..<k).map { weight[column * k + $0] }) }
      for (activation, biased, accumulate) in [
        (Activation.identity, false, false), (.identity, true, true), (.relu, true, false),
        (.relu6, true, false), (.quickGELU, true, false), (.gelu, true, false), (.identity, false, true),
      ] {
        var first: [Float]?
        for kernels in sets {
          let layer = layer(weight.tensor([n, k]), bias: biased ? bias.tensor([n]) : nil, kernels)
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
              let sum = zip(rows[i].integers, columns[j].integers).reduce(0) { $0 + $1.0 * $1.1 }
              let product = sum * rows[i].scale * columns[j].scale
              let added = (biased ? Double(bias[j]) : 0) + (accumulate ? Double(old) : 0)
              let expected = activated(product + added, activation)
              // The sum as a float and its two factors are rounded, then the additions; no activation is steeper than 1.13.
              let bound =
                rounding
                * (1.13 * (6 * abs(product) + 4 * (abs(added) + 1)) + 8 * abs(product + added))
              if !(abs(Double(new) - expected) <= bound) {
                return XCTFail(
                  "\(kernels) \(activation) \(m)×\(k)×\(n) at \(i), \(j): \(new), not \(expected)")
              }
            }
          }
          if activation == .identity {  // sums are exact, and the rest is the same operations
            if let first {
              XCTAssert(
                zip(first, y.values).allSatisfy { $0.bitPattern == $1.bitPattern },
                "\(kernels) \(m)×\(k)×\(n)")
            }
            first = first ?? y.values
          }
        }
      }
    }
  }

  /// An activation is the one of rows, to the last bit, and AVX-512's kernels come to the same bits with VNNI, without it and
  /// on pairs.
  func testActivations() {
    let (m, k, n) = (9, 70, 83)
    let (weight, bias, x) = (Floats(n * k, seed: 1), Floats(n, seed: 2), Floats(m * k, seed: 3, range: 4))
    var wide: [String: [Float]] = [:]
    for kernels in sets {
      let layer = layer(weight.tensor([n, k]), bias: bias.tensor([n]), kernels)
      for activation in [Activation.relu, .relu6, .quickGELU, .gelu] {
        let (y, plain) = (Floats(m * n), Floats(m * n))
        layer(x.matrix(m, k), into: y.matrix(m, n), activation: activation, pool: pool)
        layer(x.matrix(m, k), into: plain.matrix(m, n), pool: pool)
        for row in 0..<m { activation.apply(plain.pointer + row * n, count: n, kernels: kernels) }
        XCTAssertEqual(y.values, plain.values, "\(kernels) \(activation)")
        if kernels.description == "avx512" || kernels.description == "pairs" {
          XCTAssertEqual(wide["\(activation)"] ?? y.values, y.values, "\(kernels) \(activation)")
          wide["\(activation)"] = y.values
        }
      }
    }
  }

  /// Sums of the largest products, of one sign and of both, up to the depth that a sum of 32 bits holds.
  func testTheLargestSums() {
    for depth in [2, 4, 255, 3072, 1 << 16] {
      for kernels in sets {
        let n = 17
        let ones = [Float](repeating: 1, count: depth)
        let signs = (0..<depth).map { $0 % 2 == 0 ? Float(1) : -1 }
        let blocks = (0..<depth).map { $0 / 2 % 2 == 0 ? Float(1) : -1 }
        let kinds = [ones, ones.map { -$0 }, signs, signs.map { -$0 }, blocks]
        let weight = Tensor(shape: [n, depth], (0..<n).flatMap { kinds[$0 % kinds.count] })
        let x = Floats(kinds.count * depth)
        for (row, kind) in kinds.enumerated() {
          (x.pointer + row * depth).update(from: kind, count: depth)
        }
        let y = Floats(kinds.count * n)
        layer(weight, kernels)(x.matrix(kinds.count, depth), into: y.matrix(kinds.count, n), pool: pool)
        for row in 0..<kinds.count {
          let (steps, scale, _) = quantized(row: kinds[row])  // of ±128, or of 255 where all have one sign
          for column in 0..<n {
            let sum = zip(steps, kinds[column % kinds.count]).reduce(0) { $0 + $1.0 * 127 * Double($1.1) }
            let expected = sum * scale * Double(Float(1) / 127)
            XCTAssertEqual(
              Double(y[row * n + column]), expected, accuracy: abs(expected) * 4 * rounding,
              "\(kernels) \(depth) \(row) \(column)")
          }
        }
      }
    }
  }

  /// Rows of zeros, of numbers too small to count, and of what is not finite, each beside others that they do not touch.
  func testRowsOfOddNumbers() {
    let (k, n) = (37, 19)
    let weight = Floats(n * k, seed: 1)
    let bias = Floats(n, seed: 2)
    let plain = Floats(k, seed: 3).values
    func changed(_ value: Float, at index: Int) -> [Float] {
      var row = plain
      row[index] = value
      return row
    }
    var rows: [(values: [Float], kind: String)] = [
      (plain, "plain"), ([Float](repeating: 0, count: k), "bias"),
      ([Float](repeating: -0.0, count: k), "bias"),
      (plain.map { $0 * 1e-31 }, "bias"), (plain.map { _ in .leastNonzeroMagnitude }, "bias"),
      (plain, "plain"),
    ]
    for value in [Float.infinity, -.infinity, .nan, -.nan, .signalingNaN] {
      for index in [0, 33, k - 1] { rows.append((changed(value, at: index), "nan")) }
    }
    var far = changed(.greatestFiniteMagnitude, at: 3)
    far[4] = -.greatestFiniteMagnitude
    rows += [(far, "nan"), (plain, "plain")]
    for kernels in sets {
      let layer = layer(weight.tensor([n, k]), bias: bias.tensor([n]), kernels)
      let x = Floats(rows.count * k)
      for (index, row) in rows.enumerated() { (x.pointer + index * k).update(from: row.values, count: k) }
      let y = Floats(rows.count * n)
      layer(x.matrix(rows.count, k), into: y.matrix(rows.count, n), pool: pool)
      let alone = Floats(n)
      layer(x.matrix(1, k), into: alone.matrix(1, n), pool: pool)
      XCTAssert(alone.values.allSatisfy(\.isFinite))
      for (index, row) in rows.enumerated() {
        let out = Array(y.values[index * n..<(index + 1) * n])
        switch row.kind {
        case "plain": XCTAssertEqual(out, alone.values, "\(kernels) \(index)")
        case "bias": XCTAssertEqual(out, bias.values, "\(kernels) \(index)")
        default: XCTAssert(out.allSatisfy(\.isNaN), "\(kernels) \(index)")
        }
      }
    }
  }

  /// The integers of a row: halves go to the even one, none is beyond 255, and what is beyond the row is 0.
  func testQuantizedRows() {
    let numbers: [Float] = [0, 0.1, -0.1, 12.7, -12.8, 6.35, 1, -1, 0.0499, 0.0501, 12.6499, -12.7501]
    // Steps of 1, ties all over, and the largest would be 256.
    let halves = (0...255).map { Float($0) - 127.5 }
    let rows =
      [numbers, halves, halves.map { $0 + 0.5 }, halves.map(abs), halves.map { -abs($0) }]
      + (1...20).map { Floats($0, seed: 5, range: 1e20).values }
    for kernels in sets {
      let int8 = kernels.table.pointee.int8.pointee
      for values in rows {
        let size = Int(int8.activation_bytes)
        let padded = (values.count + 3) / 4 * 4
        var bytes = [UInt8](repeating: 77, count: padded * size + 1)
        let row = bytes.withUnsafeMutableBytes { bytes in
          values.withUnsafeBufferPointer { int8.quantize($0.baseAddress!, values.count, bytes.baseAddress!) }
        }
        XCTAssertEqual(bytes[padded * size], 77, "\(kernels): nothing beyond the row")
        let expected = quantized(row: values)
        XCTAssertEqual(Double(row.scale), expected.scale)
        XCTAssertEqual(Float(row.zero), expected.zero)
        // Two bytes hold an activation less its row's zero, one holds it as it is.
        let integers = bytes.withUnsafeBytes { bytes in
          (0..<values.count).map { index in
            size == 2
              ? Int(bytes.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self))
              : Int(bytes[index]) - Int(row.zero)
          }
        }
        XCTAssertEqual(integers.map(Double.init), expected.integers, "\(kernels)")
        XCTAssert(integers.allSatisfy { (0...255).contains($0 + Int(row.zero)) }, "\(kernels)")
      }
    }
    XCTAssertEqual(quantized(row: halves).zero, 128)  // 127.5, a tie
    XCTAssertEqual(quantized(row: halves).integers.last, 127)  // would be 128
  }

  /// A row comes out the same to the last bit, alone or among others, on any number of threads.
  func testRowsDoNotDependOnTheCall() {
    checkRowsDoNotDependOnTheCall(
      (531, 302, 100), parts: [(0, 1), (1, 1), (530, 1), (100, 2), (201, 7), (300, 19), (3, 101)], threads: 2,
      sets: sets
    ) { layer($0, bias: $1, $2) }
  }

  /// A weight that is stored as integers gives the numbers that they mean, and as integers what is stored.
  func testStoredIntegers() {
    final class Owner {}
    let integers: [Int8] = [1, -2, 3, 63, -63, -62, 0, 5, 6, 7, 8, 9]
    let scales: [Float] = [0.5, 2, 0]
    integers.withUnsafeBytes { bytes in
      let weight = Weight(
        integers: bytes.baseAddress!, scales: Tensor(shape: [3], scales), shape: [3, 2, 2], owner: Owner())
      XCTAssertEqual([weight.outputs, weight.inputs], [3, 4])
      let expected: [Float] = [0.5, -1, 1.5, 31.5, -126, -124, 0, 10, 0, 0, 0, 0]
      XCTAssertEqual(weight.tensor.values, expected)
      XCTAssertEqual(weight.rows(1..<3).tensor.values, Array(expected[4...]))
      let turned = (0..<4).flatMap { column in (0..<3).map { expected[$0 * 4 + column] } }
      XCTAssertEqual(weight.transposed.tensor.values, turned)
      XCTAssertEqual(weight.rows(1..<3).transposed.outputs, 4)
      XCTAssertEqual(weight.transposed.transposed.tensor.values, expected)
      var part = [Float](repeating: .nan, count: 5)
      weight.copy(stored: 3..<8, into: &part)
      XCTAssertEqual(part, Array(expected[3..<8]))
      var (row, scale) = ([Int8](repeating: 0, count: 8), [Float](repeating: 0, count: 2))
      weight.quantize(1..<3, into: &row, scales: &scale)
      XCTAssertEqual(row, Array(integers[4...]))
      XCTAssertEqual(scale, [2, 0])
      let x = Tensor(shape: [1, 4], [1, 1, 1, 1])
      for precision in Precision.allCases {
        var weight = weight
        weight.precision = precision
        let y = Floats(3)
        Linear(weight)(x.matrix, into: y.matrix(1, 3), pool: pool)
        for (value, expected) in zip(y.values, [32.5, -240, 0] as [Float]) {
          XCTAssertEqual(value, expected, accuracy: 1e-4)
        }
      }
    }
  }
}
