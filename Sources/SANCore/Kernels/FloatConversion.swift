/// Conversions between single precision and the encodings of stored tensors.
///
/// Half precision is converted with integer operations alone, which the compiler turns into vector code;
/// `Float16` would mean a function call for every element on x86-64.
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
}
