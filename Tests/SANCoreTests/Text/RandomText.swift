/// Texts made to hit every branch of cleaning and splitting: scalars of any plane, those that mean something
/// there, and fragments of entities, escapes and damaged UTF-8.
enum RandomText {
  /// A small generator of random numbers, the same on every run (Steele, Lea and Flood, 2014).
  struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
      state = seed
    }

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  private static let fragments = [
    "&", "&amp;", "&#x", "&#", ";", "&eacute", "&#128;", "<", "<start_of_text>", "'s", "'ll", "\u{1B}[",
    "\u{1B}[0m", "\n", "\r", "Σ", "İ",
    "Ã", "Â", "â€", "ðŸ˜€", "Ã©", "\u{80}", "\u{9D}", "\u{301}", "\u{345}", "\u{1100}\u{1161}", "ﾊﾟ",
    "ﬃ", "{}", "0", " ",
  ]

  static func next(using random: inout Generator) -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...24, using: &random) {
      switch Int.random(in: 0..<6, using: &random) {
      case 0, 1: text.append(contentsOf: fragments.randomElement(using: &random)!.unicodeScalars)
      case 2: text.append(Unicode.Scalar(UInt8.random(in: 0...255, using: &random)))
      case 3:
        if let scalar = Unicode.Scalar(UInt32.random(in: 0...0x3FFF, using: &random)) { text.append(scalar) }
      case 4:
        if let scalar = Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &random)) {
          text.append(scalar)
        }
      default: text.append(Unicode.Scalar(UInt8.random(in: 0x61...0x7A, using: &random)))
      }
    }
    return String(text)
  }
}
