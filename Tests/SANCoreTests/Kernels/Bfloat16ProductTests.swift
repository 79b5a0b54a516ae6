import CVectorKernels
import SANCore
import XCTest

/// Layers in bfloat16, of every kernel set, against what their rounded numbers come to in double precision. Sums go in one
/// order, so that all sets come to the same bits.
final class Bfloat16ProductTests: XCTestCase {
  private let sets = KernelSet.tested + (KernelSet.withoutVNNI.map { [$0] } ?? [])
  private let pool = ThreadPool(threads: 2)

  /// Rows, depth and columns: around the sizes of tiles, pairs and panels, and what the networks have.
  private let sizes = [
    (1, 1, 1), (1, 7, 3), (2, 16, 10), (5, 48, 16), (6, 3, 17), (7, 64, 31), (8, 33, 32), (9, 12, 33),
    (13, 2, 47), (12, 48, 48), (17, 65, 49), (23, 100, 64), (3, 240, 80), (31, 255, 95), (16, 256, 96),
    (10, 257, 97), (4, 511, 144), (19, 513, 50), (11, 1025, 145), (25, 96, 240), (7, 302, 500), (60, 30, 40),
  ]

  private func layer(_ weight: Tensor, bias: Tensor? = nil, _ kernels: KernelSet) -> Linear {
    var weight = Weight(weight)
    weight.precision = .bfloat16
    return Linear(weight, bias: bias, kernels: kernels)
  }

  /// Whether numbers are the same to the last bit, of NaN whatever their payload.
  private func areSame(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN }
  }

  func testLayers() {
    for (index, (m, k, n)) in sizes.enumerated() {
      let (weight, bias) = (Floats(n * k, seed: UInt64(index + 1)), Floats(n, seed: 3))
      let x = Floats(span(m, k, stride: k + 1), seed: UInt64(index + 50), range: 3)
      let rows = (0..<m).map { row in (0..<k).map { Bfloat16.rounded(x[row * (k + 1) + $0]) } }
      let columns = (0..<n).map { column in (0..<k).map { Bfloat16.rounded(weight[column * k + $0]) } }
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
              var (product, magnitude) = (0.0, 0.0)
              for (a, b) in zip(rows[i], columns[j]) {
                product += a * b
                magnitude += abs(a * b)
              }
              let added = (biased ? Double(bias[j]) : 0) + (accumulate ? Double(old) : 0)
              let expected = activated(product + added, activation)
              // Products are exact, and each addition is rounded; no activation is steeper than 1.13.
              let bound =
                rounding * (1.13 * (Double(k) * magnitude + 4 * (abs(added) + 1)) + 8 * abs(product + added))
              if !(abs(Double(new) - expected) <= bound) {
                return XCTFail(
                  "\(kernels) \(activation) \(m)×\(k)×\(n) at \(i), \(j): \(new), not \(expected)")
              }
            }
          }
          if activation == .identity {
            XCTAssert(areSame(first ?? y.values, y.values), "\(kernels) \(m)×\(k)×\(n)")
            first = first ?? y.values
          }
        }
      }
    }
  }

  /// An activation is the one of rows, to the last bit.
  func testActivations() {
    let (m, k, n) = (9, 70, 83)
    let (weight, bias, x) = (Floats(n * k, seed: 1), Floats(n, seed: 2), Floats(m * k, seed: 3, range: 4))
    for kernels in sets where kernels.description != "avx2" {  // whose activations these kernels do not use
      let layer = layer(weight.tensor([n, k]), bias: bias.tensor([n]), kernels)
      for activation in [Activation.relu, .relu6, .quickGELU, .gelu] {
        let (y, plain) = (Floats(m * n), Floats(m * n))
        layer(x.matrix(m, k), into: y.matrix(m, n), activation: activation, pool: pool)
        layer(x.matrix(m, k), into: plain.matrix(m, n), pool: pool)
        for row in 0..<m { activation.apply(plain.pointer + row * n, count: n, kernels: kernels) }
        XCTAssertEqual(y.values, plain.values, "\(kernels) \(activation)")
      }
    }
  }

  /// Numbers of every magnitude become the nearest, ties to even; those below 2⁻¹²⁶ zeros of their sign.
  func testRounding() {
    var numbers: [Float] = [
      0, -0.0, 1, -1, 1.00390625, 1.01171875, -1.00390625, -1.01171875,  // the middles go to even ones
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .infinity, -.infinity, 0x1.FEp127, 0x1.FEFFFEp127,
      0x1.FFp127, .leastNormalMagnitude, .leastNormalMagnitude.nextDown, -.leastNormalMagnitude.nextDown,
      .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 0x1.FFp-127, 0x1.01p-126, 0x1.0100_02p-126,
    ]
    var state: UInt64 = 7
    for _ in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let number = Float(bitPattern: UInt32(truncatingIfNeeded: state >> 32))
      if !number.isNaN { numbers.append(number) }
      numbers.append(Float(bitPattern: UInt32(truncatingIfNeeded: state >> 32) & 0xFFFF_0000 | 0x8000))
    }
    numbers.removeAll(where: \.isNaN)
    for kernels in sets {
      let bf16 = kernels.table.pointee.bf16.pointee
      var (start, count) = (0, 1)
      while start < numbers.count {
        let values = Array(numbers[start..<min(start + count, numbers.count)])
        let padded = (values.count + 1) / 2 * 2
        var row = [UInt16](repeating: 0x7777, count: padded + 1)
        values.withUnsafeBufferPointer { bf16.round($0.baseAddress!, values.count, &row) }
        XCTAssertEqual(row[padded], 0x7777, "\(kernels): nothing beyond the row")
        if padded > values.count { XCTAssertEqual(row[values.count], 0) }
        for (value, bits) in zip(values, row) {
          let found = Float(bitPattern: UInt32(bits) << 16)
          XCTAssertEqual(Double(found), Bfloat16.rounded(value), "\(kernels) of \(value)")
          XCTAssertEqual(found.sign, value.sign, "\(kernels) of \(value)")
        }
        (start, count) = (start + count, count % 131 + 1)
      }
      for value in [Float.nan, -.nan, .signalingNaN, Float(bitPattern: 0x7F80_0001)] {
        var row = [UInt16](repeating: 0, count: 2)
        withUnsafePointer(to: value) { bf16.round($0, 1, &row) }
        XCTAssert(Float(bitPattern: UInt32(row[0]) << 16).isNaN, "\(kernels)")
      }
    }
  }

  /// A pair's second product is added first, each addition is rounded, and what comes below 2⁻¹²⁶ is zero at once.
  func testOrderOfSums() {
    let big: Float = 0x1p12  // whose square's neighbours are 2 apart
    let cases: [(x: [Float], weight: [Float], sum: Float)] = [
      ([0, big, 1, -big], [0, big, 1, big], 1),  // (2²⁴ − 2²⁴) + 1
      ([0, big, -big, 1], [0, big, big, 1], 0),  // (2²⁴ + 1) − 2²⁴
      ([0, big, 1, 1], [0, big, 1, 1], 0x1p24),  // not 2²⁴ + 2
      ([0x1p-63, 0], [0x1p-64, 1], 0), ([0x1p-63, 0x1p-63], [0x1p-64, 0x1p-64], 0),
      ([0x1p-63, 1], [0x1p-63, 0], 0x1p-126), ([-0x1p-63, 0x1p-63], [0x1p-63, 0x1.8p-63], 0),
      ([0x1p-127, 0x1p-149], [0x1p120, 0x1p127], 0), ([0x1p120, 0], [0x1p-127, 0], 0),
      ([0x1p-126, 0], [0x1p126, 0], 1), ([0x1p127, 0x1p127], [1, 1], .infinity),
      ([0x1p127, -0x1p127], [2, 1], 0x1p127),  // a product beyond what single precision holds, less another
      ([-0x1p100, 0x1p100], [0x1p100, -0x1p100], -.infinity),
      ([3, 5, 7], [11, 13, 17], 217),
    ]
    for kernels in sets {
      for (x, weight, sum) in cases {
        for (rows, columns) in [(1, 1), (9, 50)] {
          let all = Floats(rows * x.count)
          for row in 0..<rows { (all.pointer + row * x.count).update(from: x, count: x.count) }
          let y = Floats(rows * columns)
          let matrix = Tensor(shape: [columns, x.count], (0..<columns).flatMap { _ in weight })
          layer(matrix, kernels)(all.matrix(rows, x.count), into: y.matrix(rows, columns), pool: pool)
          XCTAssert(y.values.allSatisfy { $0 == sum }, "\(kernels) \(x)·\(weight): \(y.values[0])")
        }
      }
    }
  }

  /// Denormal numbers outside of the sums are as they are in single precision.
  func testOnlySumsFlush() {
    let tiny: Float = 0x1p-130
    for kernels in sets {
      let layer = layer(Tensor(shape: [1, 2], [1, 1]), bias: Tensor(shape: [1], [tiny]), kernels)
      let (x, y) = (Floats(2), Floats(1))
      (x.pointer[0], x.pointer[1]) = (0, 0)
      layer(x.matrix(1, 2), into: y.matrix(1, 1), pool: pool)
      // Where a processor takes denormal numbers for zeros, it also compares them so.
      XCTAssertEqual(y[0].bitPattern, tiny.bitPattern, "\(kernels)")
      XCTAssertEqual(
        (tiny + y[0]).bitPattern, Float(0x1p-129).bitPattern, "\(kernels): the caller's arithmetic")
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
      (plain.map { $0 * 0x1p-127 }, "bias"), (plain.map { _ in .leastNonzeroMagnitude }, "bias"),
      (plain, "plain"),
    ]
    for index in [0, 33, k - 1] {
      for value in [Float.infinity, -.infinity, .greatestFiniteMagnitude] {  // the last one is rounded up
        rows.append((changed(value, at: index), "infinite"))
      }
      for value in [Float.nan, -.nan, .signalingNaN] { rows.append((changed(value, at: index), "nan")) }
    }
    rows.append((plain, "plain"))
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
        case "infinite": XCTAssert(out.allSatisfy(\.isInfinite), "\(kernels) \(index): \(out)")
        default: XCTAssert(out.allSatisfy(\.isNaN), "\(kernels) \(index)")
        }
      }
    }
  }

  /// A row comes out the same to the last bit, alone or among others, on any number of threads.
  func testRowsDoNotDependOnTheCall() {
    checkRowsDoNotDependOnTheCall(
      (131, 101, 100), parts: [(0, 1), (1, 1), (130, 1), (100, 2), (20, 7), (30, 19), (3, 101)], threads: 2,
      sets: sets
    ) { layer($0, bias: $1, $2) }
  }

  /// A weight that is stored transposed, or in another type, is the same numbers.
  func testStoredWeights() {
    let (m, k, n) = (5, 33, 70)
    let (values, x) = (Floats(n * k, seed: 1), Floats(m * k, seed: 2))
    let turned = Tensor(shape: [k, n], (0..<k).flatMap { row in (0..<n).map { values[$0 * k + row] } })
    for kernels in sets {
      let results = [Weight(values.tensor([n, k])), Weight(turned).transposed].map { weight in
        var weight = weight
        weight.precision = .bfloat16
        let y = Floats(m * n)
        Linear(weight, kernels: kernels)(x.matrix(m, k), into: y.matrix(m, n), pool: pool)
        return y.values
      }
      XCTAssertEqual(results[0], results[1], "\(kernels)")
    }
  }

  /// The processor's own instructions come to the bits of their emulation.
  func testInstructionsAreAsEmulated() throws {
    guard let pairs = KernelSet.pairs, let own = Bfloat16.setWithInstructions else {
      throw XCTSkip("this processor has no AVX-512 BF16")
    }
    for (m, k, n) in sizes {
      for range in [Float(1), 1e-19, 1e19, 1e-37, 3e38] {
        let (weight, bias) = (Floats(n * k, seed: 5, range: range), Floats(n, seed: 6))
        let x = Floats(m * k, seed: 7, range: range)
        for activation in [Activation.identity, .relu, .relu6, .quickGELU, .gelu] {
          let results = [own, pairs].map { kernels in
            let y = Floats(m * n)
            layer(weight.tensor([n, k]), bias: bias.tensor([n]), kernels)(
              x.matrix(m, k), into: y.matrix(m, n), activation: activation, pool: pool)
            return y.values
          }
          XCTAssert(areSame(results[0], results[1]), "\(activation) \(m)×\(k)×\(n) ±\(range)")
        }
      }
    }
  }
}

/// Numbers of bfloat16, made by arithmetic in double precision.
enum Bfloat16 {
  /// Half the distance of neighbouring numbers, relative: the error of one rounding.
  static let rounding = 0x1p-8

  /// The set whose products in bfloat16 are instructions of this processor.
  static let setWithInstructions = KernelSet.available.first {
    $0.table.pointee.bf16.pointee.is_offered != 0
  }

  /// The nearest number, ties to even; zero below 2⁻¹²⁶.
  static func rounded(_ x: Float) -> Double {
    if x.isSubnormal || x == 0 || !x.isFinite { return x.isFinite ? 0 : Double(x) }
    let step = exp2(Double(x.exponent) - 7)
    return Double(Float((Double(x) / step).rounded(.toNearestOrEven) * step))
  }
}
