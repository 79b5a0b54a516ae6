/// Cuts cleaned text into the words that CLIP encodes one by one, by its pattern
///
///     <start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
///
/// read without regard to case, the first alternative that fits winning: contractions, runs of letters,
/// single digits, runs of anything else; white space separates.
package struct WordSplitter: Sequence, IteratorProtocol {
  package enum Kind: Sendable, Hashable { case startOfText, endOfText, text }

  private let scalars: [Unicode.Scalar]
  private var position = 0

  package init(_ scalars: [Unicode.Scalar]) {
    self.scalars = scalars
  }

  package mutating func next() -> (range: Range<Int>, kind: Kind)? {
    while position < scalars.count {
      let start = position
      if scalars[start] == "<" {
        for (name, kind) in Self.specialTokens where matches(name, at: start) {
          position += name.count
          // A long s fits the pattern as well, but the word is then no special token.
          let isExact = scalars[start..<position].allSatisfy(\.isASCII)
          return (start..<position, isExact ? kind : .text)
        }
      }
      if scalars[start] == "'" {
        for ending in Self.contractions where matches(ending, at: start) {
          position += ending.count
          return (start..<position, .text)
        }
      }
      switch Class(scalars[start]) {
      case .none:
        position += 1
        continue
      case .digit:
        position += 1
      case let kind:
        repeat { position += 1 } while position < scalars.count && Class(scalars[position]) == kind
      }
      return (start..<position, .text)
    }
    return nil
  }

  private func matches(_ name: [Unicode.Scalar], at start: Int) -> Bool {
    guard scalars.count - start >= name.count else { return false }
    return name.indices.allSatisfy { Self.fold(scalars[start + $0]) == name[$0] }
  }

  /// Case folding as far as the fixed words of the pattern need it: of all that is not ASCII only the long s
  /// folds to one of their letters.
  private static func fold(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar {
    case "A"..."Z": return Unicode.Scalar(UInt8(scalar.value) + 32)
    case "\u{17F}": return "s"
    default: return scalar
    }
  }

  private static let specialTokens: [([Unicode.Scalar], Kind)] = [
    (Array("<start_of_text>".unicodeScalars), .startOfText),
    (Array("<end_of_text>".unicodeScalars), .endOfText),
  ]
  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
    Array($0.unicodeScalars)
  }

  private enum Class {
    case letter, digit, other, none

    init(_ scalar: Unicode.Scalar) {
      if scalar.isASCII {
        switch scalar {
        case "a"..."z", "A"..."Z": self = .letter
        case "0"..."9": self = .digit
        case " ", "\t"..."\r": self = .none
        default: self = .other
        }
        return
      }
      let properties = scalar.properties
      switch properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
        self = .letter
      case .decimalNumber, .letterNumber, .otherNumber:
        self = .digit
      default:
        // U+0345 is a mark that folds to the letter iota: without regard to case it is in none of the sets.
        self = properties.isWhitespace || scalar == "\u{345}" ? .none : .other
      }
    }
  }
}
