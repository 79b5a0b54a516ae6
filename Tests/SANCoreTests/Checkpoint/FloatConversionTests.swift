import CVectorKernels
import SANCore
import XCTest

final class FloatConversionTests: XCTestCase {
  /// The value that IEEE 754 gives a number of `exponentBits` and `fractionBits`; nil for a NaN.
  private func value(_ bits: Int, exponentBits: Int, fractionBits: Int) -> Double? {
    let sign = bits >> (exponentBits + fractionBits) == 0 ? 1.0 : -1.0
    let exponent = bits >> fractionBits & (1 << exponentBits - 1)
    let fraction = bits & (1 << fractionBits - 1)
    let bias = 1 << (exponentBits - 1) - 1
    if exponent == 1 << exponentBits - 1 { return fraction == 0 ? sign * .infinity : nil }
    let significand = Double(exponent == 0 ? fraction : 1 << fractionBits + fraction)
    return sign * significand * pow(2, Double(max(exponent, 1) - bias - fractionBits))
  }

  private func halfValue(_ bits: Int) -> Double? { value(bits, exponentBits: 5, fractionBits: 10) }
  private func bfloat16Value(_ bits: Int) -> Double? { value(bits, exponentBits: 8, fractionBits: 7) }

  func testDecodesEveryHalf() {
    for bits in 0..<65_536 {
      let single = FloatConversion.single(half: UInt16(bits))
      if let expected = halfValue(bits) {
        XCTAssertEqual(Double(single).bitPattern, expected.bitPattern, "\(bits)")
      } else {
        XCTAssertTrue(single.isNaN, "\(bits)")
        XCTAssertEqual(single.sign == .minus, bits >= 32_768, "\(bits)")
      }
    }
  }

  func testDecodesEveryBfloat16() {
    for bits in 0..<65_536 {
      let single = FloatConversion.single(bfloat16: UInt16(bits))
      if let expected = bfloat16Value(bits) {
        XCTAssertEqual(Double(single).bitPattern, expected.bitPattern, "\(bits)")
      } else {
        XCTAssertTrue(single.isNaN, "\(bits)")
      }
    }
  }

  /// Every half by every kernel set, all bits of a NaN included, in pieces of all lengths and at any alignment.
  func testKernelsWidenEveryHalf() {
    let stored = (0..<65_536).flatMap { littleEndian(UInt16($0)) }
    for kernels in KernelSet.tested {
      for (shift, piece) in [(0, 65_536), (1, 65_536), (0, 1), (3, 7), (0, 8), (1, 13), (0, 31)] {
        let source = [UInt8](repeating: 0, count: shift) + stored
        var widened = [Float](repeating: 0, count: 65_536 + 1)
        widened[65_536] = 77
        source.withUnsafeBytes { source in
          widened.withUnsafeMutableBufferPointer { widened in
            for start in stride(from: 0, to: 65_536, by: piece) {
              kernels.table.pointee.widen_halves(
                source.baseAddress! + shift + 2 * start, min(piece, 65_536 - start),
                widened.baseAddress! + start)
            }
          }
        }
        XCTAssertEqual(widened[65_536], 77, "\(kernels): nothing beyond")
        for bits in 0..<65_536 {
          let expected: UInt32
          if let value = halfValue(bits) {
            expected = Float(value).bitPattern
          } else {
            expected = UInt32(bits & 0x8000) << 16 | 0x7F80_0000 | UInt32(bits & 0x3FF) << 13
          }
          if widened[bits].bitPattern != expected {
            return XCTFail("\(kernels) \(bits), \(piece) at a time: \(widened[bits])")
          }
        }
      }
    }
  }

  func testDecodingInBulkEqualsOneByOne() {
    let stored = (0..<65_536).flatMap { littleEndian(UInt16($0)) }
    for (type, decode) in [
      (ElementType.float16, { FloatConversion.single(half: $0) }),
      (.bfloat16, { FloatConversion.single(bfloat16: $0) }),
    ] as [(ElementType, (UInt16) -> Float)] {
      for shift in [0, 1] {  // aligned and not
        let source = [UInt8](repeating: 0, count: shift) + stored
        let decoded = [Float](unsafeUninitializedCapacity: 65_536) { buffer, count in
          count = 65_536
          source.withUnsafeBytes {
            FloatConversion.decode(
              $0.baseAddress! + shift, as: type, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
          }
        }
        for bits in 0..<65_536 {
          XCTAssertEqual(decoded[bits].bitPattern, decode(UInt16(bits)).bitPattern, "\(type) \(bits)")
        }
      }
    }
  }

  func testEveryHalfSurvivesARoundTrip() {
    for bits in 0..<65_536 {
      let encoded = FloatConversion.half(FloatConversion.single(half: UInt16(bits)))
      if halfValue(bits) != nil {
        XCTAssertEqual(Int(encoded), bits)
      } else {
        XCTAssertNil(halfValue(Int(encoded)), "\(bits) stays a NaN")
      }
    }
  }

  func testEveryBfloat16SurvivesARoundTrip() {
    for bits in 0..<65_536 {
      let encoded = FloatConversion.bfloat16(FloatConversion.single(bfloat16: UInt16(bits)))
      if bfloat16Value(bits) != nil {
        XCTAssertEqual(Int(encoded), bits)
      } else {
        XCTAssertNil(bfloat16Value(Int(encoded)), "\(bits) stays a NaN")
      }
    }
  }

  /// Checks the rounding between each two neighbours: at their middle, and just beside it.
  private func checkRounding(
    largest: Int, _ value: (Int) -> Double?, _ encode: (Float) -> UInt16, signBit: Int = 0x8000
  ) throws {
    for bits in 0..<largest {
      let lower = try XCTUnwrap(value(bits))
      let upper = try XCTUnwrap(value(bits + 1))
      let middle = Float((lower + upper) / 2)
      XCTAssertEqual(Double(middle), (lower + upper) / 2, "the middle is a single-precision number")
      let even = bits % 2 == 0 ? bits : bits + 1
      XCTAssertEqual(Int(encode(middle)), even, "\(middle)")
      XCTAssertEqual(Int(encode(middle.nextDown)), bits, "\(middle.nextDown)")
      XCTAssertEqual(Int(encode(middle.nextUp)), bits + 1, "\(middle.nextUp)")
      XCTAssertEqual(Int(encode(-middle)), even | signBit, "\(-middle)")
    }
  }

  func testHalvesAreRoundedToNearestEven() throws {
    try checkRounding(largest: 0x7BFF, halfValue, FloatConversion.half)
    XCTAssertEqual(FloatConversion.half(65_519.996), 0x7BFF)
    XCTAssertEqual(FloatConversion.half(65_520), 0x7C00)
    XCTAssertEqual(FloatConversion.half(.greatestFiniteMagnitude), 0x7C00)
    XCTAssertEqual(FloatConversion.half(-.infinity), 0xFC00)
    XCTAssertEqual(FloatConversion.half(.leastNonzeroMagnitude), 0)
    XCTAssertEqual(FloatConversion.half(-0.0), 0x8000)
  }

  func testBfloat16NumbersAreRoundedToNearestEven() throws {
    try checkRounding(largest: 0x7F7F, bfloat16Value, FloatConversion.bfloat16)
    XCTAssertEqual(FloatConversion.bfloat16(.greatestFiniteMagnitude), 0x7F80)
    XCTAssertEqual(FloatConversion.bfloat16(-.infinity), 0xFF80)
    XCTAssertEqual(FloatConversion.bfloat16(-0.0), 0x8000)
    // A NaN whose payload lies only in the lower half must not become an infinity.
    XCTAssertNil(bfloat16Value(Int(FloatConversion.bfloat16(Float(bitPattern: 0x7F80_0001)))))
  }

  func testGathersStridedElements() {
    // Elements 0…23 as [2, 3, 4] with its axes reversed, from element 1 on in steps of 2 along the last.
    let source = floatBytes((0..<24).map(Float.init))
    let gathered = [Float](unsafeUninitializedCapacity: 12) { buffer, count in
      count = 12
      source.withUnsafeBytes {
        FloatConversion.gather(
          $0.baseAddress! + 4, as: .float32, shape: [2, 3, 2], strides: [2, 4, 12],
          into: UnsafeMutableBufferPointer(rebasing: buffer[..<12]))
      }
    }
    XCTAssertEqual(gathered, [1, 13, 5, 17, 9, 21, 3, 15, 7, 19, 11, 23])
  }
}
