/// Float32 functions written without branches, tables or calls, so that a plain loop over them vectorises.
enum ScalarMath {
  /// 1.5·2²³: adding it leaves the nearest integer in the low bits.
  private static let rounder: Float = 12_582_912

  /// eˣ to about 1 ulp; 0 and +∞ are never reached: x is held within ±87.
  ///
  /// x = n·ln 2 + r with n the nearest integer, so |r| ≤ ln 2 / 2, where a polynomial of degree 6 fitted to the least
  /// largest relative error (2·10⁻⁹) serves; 2ⁿ is written into the exponent bits.
  @inline(__always)
  static func exp(_ x: Float) -> Float {
    let low: Float = -87
    let high: Float = 87
    let held = x < low ? low : (x > high ? high : x)
    let shifted = held * 1.442_695_04 + rounder
    let n = shifted - rounder
    let r = (held - n * 0.693_359_375) - n * -2.121_944_4e-4
    var p: Float = 1.383_579_8e-3
    p = p * r + 8.375_645e-3
    p = p * r + 4.166_828_8e-2
    p = p * r + 1.666_641_1e-1
    p = p * r + 4.999_999_1e-1
    p = p * r + 1
    p = p * r + 1
    return p * Float(bitPattern: (shifted.bitPattern &<< 23) &+ 0x3F80_0000)
  }

  /// 2ˣ to about 1 ulp; x must be below 128, and is held at −126 or above.
  ///
  /// x = n + r with n the nearest integer, and a polynomial of degree 6 fitted to the least largest relative error for r.
  @inline(__always)
  static func exp2(_ x: Float) -> Float {
    let held = x < -126 ? -126 : x
    let shifted = held + rounder
    let r = held - (shifted - rounder)
    var p: Float = 1.535_336_2e-4
    p = p * r + 1.339_887_5e-3
    p = p * r + 9.618_436_92e-3
    p = p * r + 5.550_332_37e-2
    p = p * r + 2.402_264_77e-1
    p = p * r + 6.931_471_82e-1
    p = p * r + 1
    return p * Float(bitPattern: (shifted.bitPattern &<< 23) &+ 0x3F80_0000)
  }

  /// 2ˣ of each lane, as ``exp2(_:)-(Float)`` has it.
  @inline(__always)
  static func exp2(_ x: SIMD8<Float>) -> SIMD8<Float> {
    let held = x.replacing(with: -126, where: x .< -126)
    let shifted = held + rounder
    let r = held - (shifted - rounder)
    var p = SIMD8<Float>(repeating: 1.535_336_2e-4)
    p = p * r + 1.339_887_5e-3
    p = p * r + 9.618_436_92e-3
    p = p * r + 5.550_332_37e-2
    p = p * r + 2.402_264_77e-1
    p = p * r + 6.931_471_82e-1
    p = p * r + 1
    let bits = unsafeBitCast(shifted, to: SIMD8<UInt32>.self)
    return p * unsafeBitCast((bits &<< 23) &+ 0x3F80_0000, to: SIMD8<Float>.self)
  }

  /// x·Φ(x), with Φ the normal distribution: max(x, 0) − |x|·Φ(−|x|), where −log₂ Φ(−t) is a polynomial of degree 8, fitted
  /// up to t = 5.6 to the least largest error in the product. Beyond, it grows, and the product is less than 10⁻⁷.
  @inline(__always)
  static func gelu(_ x: Float) -> Float {
    let magnitude = Float(bitPattern: x.bitPattern & 0x7FFF_FFFF)
    let t = magnitude > 16 ? 16 : magnitude
    var q: Float = 1.904_446_09e-6
    q = q * t - 2.832_923_38e-5
    q = q * t + 1.345_385_97e-4
    q = q * t + 2.580_690_78e-4
    q = q * t - 7.213_680_54e-3
    q = q * t + 5.259_103_33e-2
    q = q * t + 4.591_817_26e-1
    q = q * t + 1.151_107_43
    q = q * t + 1
    return (x > 0 ? x : 0) - t * exp2(-q)
  }

  /// The logistic function 1 / (1 + e⁻ˣ).
  @inline(__always)
  static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
}
