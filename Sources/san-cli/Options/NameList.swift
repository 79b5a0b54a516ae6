import SANInference

/// Names on a command line.
enum NameList {
  /// The names in `text`, without the spaces around them: a comma separates, a backslash takes the next character as it
  /// is. An empty text has none; two commas in a row have an empty one between them.
  static func split(_ text: String) -> [String] {
    text.isEmpty ? [] : EscapedText.split(text, at: ",").map(EscapedText.plain)
  }
}
