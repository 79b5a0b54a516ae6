import ArgumentParser
import SANInference

/// Numbers on a command line. Whatever else is given, the error says what may be.
enum NumberInRange {
  /// What turns an option's text into a number of `range`; `allowed` says in words which those are.
  static func parser<Number: LosslessStringConvertible & Comparable & Sendable>(
    _ range: ClosedRange<Number>, _ allowed: String? = nil
  ) -> @Sendable (String) throws -> Number {
    { text in
      guard let number = Number(text), range.contains(number) else {
        throw ValidationError("allowed is \(allowed ?? "\(range.lowerBound) to \(range.upperBound)")")
      }
      return number
    }
  }
}

/// Names on a command line.
enum NameList {
  /// The names in `text`, without the spaces around them: a comma separates, a backslash takes the next character as it
  /// is. An empty text has none; two commas in a row have an empty one between them.
  static func split(_ text: String) -> [String] {
    text.isEmpty ? [] : EscapedText.split(text, at: ",").map(EscapedText.plain)
  }
}
