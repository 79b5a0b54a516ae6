/// Names on a command line.
enum NameList {
  /// The names in `text`, without the spaces around them: a comma separates, a backslash takes the next character as it
  /// is. An empty text has none; two commas in a row have an empty one between them.
  static func split(_ text: String) -> [String] {
    guard !text.isEmpty else { return [] }
    var names = [""]
    var escaped = false
    for scalar in text.unicodeScalars {
      if escaped || (scalar != "," && scalar != "\\") {
        names[names.count - 1].unicodeScalars.append(scalar)
        escaped = false
      } else if scalar == "\\" {
        escaped = true
      } else {
        names.append("")
      }
    }
    return names.map(\.trimmed)
  }

  /// The text with each character after a backslash as it is.
  static func unescape(_ text: some StringProtocol) -> String {
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
    return result
  }
}

extension String {
  /// The text without white space at its ends.
  var trimmed: String {
    let text = drop(while: \.isWhitespace)
    guard let last = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(text[...last])
  }
}
