import SANCore

/// JSON whose members keep the order in which they are written, so that the same result is the same text.
package indirect enum JSONText {
  case null
  case integer(Int)
  /// Written in as few digits as read back the same; `null` where it is not finite, which JSON has no word for.
  case real(Double)
  case string(String)
  case array([JSONText])
  case object([(String, JSONText)])
  /// Text that is JSON already.
  case verbatim(String)

  /// The text, on lines of its own for each member of an object, with a line's end after the last.
  package var text: String {
    var text = ""
    write(to: &text, indent: "")
    return text + "\n"
  }

  /// The text on one line, with a line's end after it.
  package var line: String {
    var text = ""
    writeLine(to: &text)
    return text + "\n"
  }

  private func writeLine(to text: inout String) {
    switch self {
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += ", " }
        element.writeLine(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += ", " }
        text += "\(jsonString(member.0)): "
        member.1.writeLine(to: &text)
      }
      text += "}"
    case .verbatim(let value): text += value.split(separator: "\n").joined()
    default: write(to: &text, indent: "")
    }
  }

  private func write(to text: inout String, indent: String) {
    switch self {
    case .null: text += "null"
    case .integer(let value): text += String(value)
    case .real(let value): text += value.isFinite ? "\(value)" : "null"
    case .string(let value): text += jsonString(value)
    case .verbatim(let value):
      text += value.split(separator: "\n").joined(separator: "\n\(indent)")
    case .array(let elements):
      JSONText.write(elements.map { (nil, $0) }, "[", "]", to: &text, indent: indent)
    case .object(let members):
      JSONText.write(members.map { ($0.0, $0.1) }, "{", "}", to: &text, indent: indent)
    }
  }

  private static func write(
    _ members: [(name: String?, value: JSONText)], _ open: String, _ close: String, to text: inout String,
    indent: String
  ) {
    guard !members.isEmpty else { return text += open + close }
    let inner = indent + "  "
    text += open
    for (index, member) in members.enumerated() {
      text += index == 0 ? "\n\(inner)" : ",\n\(inner)"
      if let name = member.name { text += "\(jsonString(name)): " }
      member.value.write(to: &text, indent: inner)
    }
    text += "\n\(indent)\(close)"
  }
}
