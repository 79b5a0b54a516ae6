/// Text in which a backslash takes the next character as it is.
package enum EscapedText {
  /// The parts of `text` between separators that no backslash precedes, as they are written.
  package static func split(_ text: some StringProtocol, at separator: Unicode.Scalar) -> [String] {
    var parts = [""]
    var escaped = false
    for scalar in text.unicodeScalars {
      if scalar == separator && !escaped {
        parts.append("")
      } else {
        parts[parts.count - 1].unicodeScalars.append(scalar)
        escaped = scalar == "\\" && !escaped
      }
    }
    return parts
  }

  /// What `text` stands for, without white space at its ends.
  package static func plain(_ text: some StringProtocol) -> String {
    var result = ""
    var escaped = false
    for scalar in text.unicodeScalars {
      if scalar == "\\" && !escaped {
        escaped = true
      } else {
        result.unicodeScalars.append(scalar)
        escaped = false
      }
    }
    let start = result.drop(while: \.isWhitespace)
    return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
  }

  /// The text that stands for `plain` where the characters `special` have a meaning of their own.
  package static func escape(_ plain: String, _ special: Set<Unicode.Scalar>) -> String {
    var result = ""
    for scalar in plain.unicodeScalars {
      if scalar == "\\" || special.contains(scalar) { result.append("\\") }
      result.unicodeScalars.append(scalar)
    }
    return result
  }
}
