/// A header's value with its parameters, such as `multipart/form-data; boundary="x"`.
struct HeaderValue: Equatable {
  /// What comes before the first semicolon, in small letters.
  let value: String
  /// By name in small letters; of a name given twice the first.
  let parameters: [String: String]

  init(_ text: some StringProtocol) {
    var parts = HeaderValue.split(text, at: ";").makeIterator()
    value = (parts.next() ?? "").lowercased()
    var parameters: [String: String] = [:]
    while let part = parts.next() {
      guard let equals = part.firstIndex(of: "=") else { continue }
      let name = HeaderValue.trimmed(part[..<equals]).lowercased()
      if parameters[name] == nil {
        parameters[name] = HeaderValue.unquoted(HeaderValue.trimmed(part[part.index(after: equals)...]))
      }
    }
    self.parameters = parameters
  }

  /// The parts of `text` between separators that are not in quotes, without white space around them.
  static func split(_ text: some StringProtocol, at separator: Character) -> [String] {
    var parts = [""]
    var (quoted, escaped) = (false, false)
    for character in text {
      if character == separator && !quoted {
        parts.append("")
        continue
      }
      if character == "\"" && !escaped { quoted.toggle() }
      escaped = quoted && character == "\\" && !escaped
      parts[parts.count - 1].append(character)
    }
    return parts.map { trimmed($0) }
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    let start = text.drop { $0 == " " || $0 == "\t" }
    return start.lastIndex { $0 != " " && $0 != "\t" }.map { String(start[...$0]) } ?? ""
  }

  private static func unquoted(_ text: String) -> String {
    guard text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
    var (result, escaped) = ("", false)
    for character in text.dropFirst().dropLast() {
      if character == "\\" && !escaped {
        escaped = true
      } else {
        result.append(character)
        escaped = false
      }
    }
    return result
  }
}
