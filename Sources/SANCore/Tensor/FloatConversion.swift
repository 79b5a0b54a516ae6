/// Conversions between single precision and the encodings of stored tensors.
///
/// Half precision is converted with integer operations alone, which the compiler turns into vector code;
/// `Float16` would mean a function call for every element on x86-64. Many numbers in order are a kernel's work, since a model of
/// half precision is converted as it is loaded.
package enum FloatConversion {
  /// The value of a half-precision number, exactly; the payload of a NaN is kept.
  @inline(__always)
  package static func single(half: UInt16) -> Float {
    let magnitude = UInt32(half & 0x7FFF) &<< 13
    let sign = UInt32(half & 0x8000) &<< 16
    let exponent = half & 0x7C00
    // The exponent's bias grows from 15 to 127, and infinity's from 31 to 255.
    let normal = magnitude &+ (exponent == 0x7C00 ? 224 &<< 23 : 112 &<< 23)
    // A subnormal m·2⁻²⁴ is the significand of 2⁻¹⁴(1 + m/1024), less 2⁻¹⁴.
    let subnormal = Float(bitPattern: magnitude &+ 113 &<< 23) - Float(bitPattern: 113 &<< 23)
    return Float(bitPattern: (exponent == 0 ? subnormal.bitPattern : normal) | sign)
  }

  /// The value of a bfloat16 number, exactly.
  @inline(__always)
  package static func single(bfloat16: UInt16) -> Float {
    Float(bitPattern: UInt32(bfloat16) &<< 16)
  }

  /// The half-precision number nearest to `value`, ties to even; a NaN becomes a quiet one.
  @inline(__always)
  package static func half(_ value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: (value.bitPattern & 0x8000_0000) &>> 16)
    let magnitude = value.bitPattern & 0x7FFF_FFFF
    // Rounds to a multiple of 2⁻²⁴: below 2⁻¹⁴, where halves are subnormal, the hardware's rounding of the
    // sum with 0.5 does just that.
    let subnormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- Float(0.5).bitPattern
    let odd = (magnitude &>> 13) & 1
    let normal = (magnitude &+ 0xFFF &+ odd &- 112 &<< 23) &>> 13
    let finite = magnitude < 113 &<< 23 ? subnormal : min(normal, 0x7C00)
    return UInt16(truncatingIfNeeded: magnitude > 0x7F80_0000 ? 0x7E00 : finite) | sign
  }

  /// The bfloat16 number nearest to `value`, ties to even; a NaN becomes a quiet one.
  @inline(__always)
  package static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let rounded = (bits &+ 0x7FFF &+ ((bits &>> 16) & 1)) &>> 16
    let quiet = (bits &>> 16) | 0x40
    return UInt16(truncatingIfNeeded: bits & 0x7FFF_FFFF > 0x7F80_0000 ? quiet : rounded)
  }

  /// Decodes `target.count` numbers of `type` from `source`, which may have any alignment.
  ///
  /// Precondition: `type.isReadable`, and `source` holds as many numbers.
  package static func decode(
    _ source: UnsafeRawPointer, as type: ElementType, into target: UnsafeMutableBufferPointer<Float>
  ) {
    gather(source, as: type, shape: [target.count], strides: [1], into: target)
  }

  /// Decodes a tensor of `type` whose elements lie apart into row-major order.
  ///
  /// Precondition: as for ``decode(_:as:into:)``; `strides` count elements and lead nowhere outside of
  /// `source`.
  package static func gather(
    _ source: UnsafeRawPointer, as type: ElementType, shape: [Int], strides: [Int],
    into target: UnsafeMutableBufferPointer<Float>
  ) {
    switch type {
    case .float64:
      map(source, shape, strides, target) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
    case .float32: map(source, shape, strides, target) { (bits: UInt32) in Float(bitPattern: bits) }
    case .float16:
      map(source, shape, strides, target, inOrder: KernelSet.current.table.pointee.widen_halves) {
        (bits: UInt16) in single(half: bits)
      }
    case .bfloat16: map(source, shape, strides, target) { (bits: UInt16) in single(bfloat16: bits) }
    default: preconditionFailure("only floating-point tensors are read")
    }
  }

  /// Whether none of `count` numbers of `type` at `source`, which may have any alignment, is an infinity or NaN.
  static func areFinite(_ source: UnsafeRawPointer, as type: ElementType, count: Int) -> Bool {
    switch type {
    case .float64: areFinite(source, count, exponent: 0x7FF0_0000_0000_0000 as UInt64)
    case .float32: areFinite(source, count, exponent: 0x7F80_0000 as UInt32)
    case .float16: areFinite(source, count, exponent: 0x7C00 as UInt16)
    case .bfloat16: areFinite(source, count, exponent: 0x7F80 as UInt16)
    default: preconditionFailure("only floating-point tensors are read")
    }
  }

  /// An exponent of all ones carries into the sign's place. No early exit: this is vector code.
  @inline(__always)
  private static func areFinite<Bits: FixedWidthInteger & UnsignedInteger>(
    _ source: UnsafeRawPointer, _ count: Int, exponent: Bits
  ) -> Bool {
    let lowest = exponent & (0 &- exponent)
    var carries: Bits = 0
    for index in 0..<count {
      let bits = source.loadUnaligned(fromByteOffset: index &* MemoryLayout<Bits>.size, as: Bits.self)
      carries |= (bits & exponent) &+ lowest
    }
    return carries & (exponent &+ lowest) == 0
  }

  @inline(__always)
  private static func map<Stored: BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ shape: [Int], _ strides: [Int], _ target: UnsafeMutableBufferPointer<Float>,
    inOrder: (@convention(c) (UnsafeRawPointer, Int, UnsafeMutablePointer<Float>) -> Void)? = nil,
    _ convert: (Stored) -> Float
  ) {
    let size = MemoryLayout<Stored>.size
    let columns = shape.last ?? 1
    let step = (strides.last ?? 1) * size
    guard var output = target.baseAddress, !target.isEmpty else { return }
    var index = [Int](repeating: 0, count: max(shape.count - 1, 0))
    for _ in 0..<target.count / columns {
      let row = source + zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 } * size
      if step == size, let inOrder {
        inOrder(row, columns, output)
      } else if step == size {  // its own loop, so that it becomes vector code
        for i in 0..<columns {
          output[i] = convert(row.loadUnaligned(fromByteOffset: i &* size, as: Stored.self))
        }
      } else {
        for i in 0..<columns {
          output[i] = convert(row.loadUnaligned(fromByteOffset: i &* step, as: Stored.self))
        }
      }
      output += columns
      for axis in index.indices.reversed() {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
  }
}
