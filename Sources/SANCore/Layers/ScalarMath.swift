/// Float32 functions written without branches, tables or calls, so that a plain loop over them vectorises.
enum ScalarMath {
  /// eˣ to about 1 ulp; 0 and +∞ are never reached: x is held within ±87.
  ///
  /// x = n·ln 2 + r with n the nearest integer, so |r| ≤ ln 2 / 2, where a polynomial of degree 6 fitted to the least
  /// largest relative error (2·10⁻⁹) serves; 2ⁿ is written into the exponent bits.
  @inline(__always)
  static func exp(_ x: Float) -> Float {
    let low: Float = -87
    let high: Float = 87
    let held = x < low ? low : (x > high ? high : x)
    let rounder: Float = 12_582_912  // 1.5·2²³: adding it leaves the nearest integer in the low bits
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

  /// The error function to about 2 ulp: an odd polynomial within ±1, 1 − exp(−q(|x|)) outside.
  @inline(__always)
  static func erf(_ x: Float) -> Float {
    let magnitude = Float(bitPattern: x.bitPattern & 0x7FFF_FFFF)
    let u = x * x
    var near: Float = 7.853_857_8e-5
    near = near * u - 8.010_192_5e-4
    near = near * u + 5.188_327_7e-3
    near = near * u - 2.685_381_1e-2
    near = near * u + 1.128_358_54e-1
    near = near * u - 3.761_262_6e-1
    near = near * u + 1.128_379_1
    near = near * x

    let t: Float = magnitude < 4 ? magnitude : 4
    var q: Float = -2.120_855_4e-7
    q = q * t + 2.475_423_4e-5
    q = q * t - 4.603_578_1e-4
    q = q * t + 4.270_636e-3
    q = q * t - 2.534_892_4e-2
    q = q * t + 1.086_066e-1
    q = q * t + 6.330_657_6e-1
    q = q * t + 1.129_649_4
    q = q * t - 2.020_654_2e-4
    let tail = 1 - exp(-q)
    let far = Float(bitPattern: tail.bitPattern | (x.bitPattern & 0x8000_0000))
    return magnitude < 1 ? near : far
  }

  /// The logistic function 1 / (1 + e⁻ˣ).
  @inline(__always)
  static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
}
