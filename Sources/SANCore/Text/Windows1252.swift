/// Windows-1252 where it differs from Latin-1: the bytes 80 to 9F. Five of them have no character and stand
/// for the control character of the same number.
enum Windows1252 {
  private static let high: [UInt32] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
    0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC,
    0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
  ]

  /// What a C1 control character was meant to be; nil for any other character.
  static func scalar(ofControl control: Unicode.Scalar) -> Unicode.Scalar? {
    guard (0x80...0x9F).contains(control.value) else { return nil }
    return Unicode.Scalar(high[Int(control.value) - 0x80])
  }

  /// The byte that reads as this character in Latin-1 or Windows-1252.
  static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    if scalar.value <= 0xFF { return UInt8(scalar.value) }
    guard scalar.value <= 0x2122, let index = high.firstIndex(of: scalar.value) else { return nil }
    return UInt8(0x80 + index)
  }
}
