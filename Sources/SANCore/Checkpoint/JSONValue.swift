/// A JSON text as a tree. Objects keep the order of their members; a name appears once.
///
/// Small and strict on purpose: Foundation's decoder takes longer to load than this takes to read a header.
package indirect enum JSONValue: Sendable, Equatable {
  case null
  case boolean(Bool)
  /// A number without fraction and exponent that fits in `Int`.
  case integer(Int)
  case real(Double)
  case string(String)
  case array([JSONValue])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package let name: String
    package let value: JSONValue
  }

  /// What is wrong with a JSON text, and at which byte.
  package struct SyntaxError: Error, Sendable, CustomStringConvertible {
    package let problem: String
    package let offset: Int
    package var description: String { "\(problem) at byte \(offset)" }
  }

  /// Parses UTF-8 `bytes` according to RFC 8259.
  ///
  /// - Throws: ``SyntaxError``, also for a name twice in one object, for nesting deeper than 32 and for
  ///   more than a million values.
  package init(parsing bytes: UnsafeRawBufferPointer) throws(SyntaxError) {
    var parser = JSONParser(bytes: bytes)
    self = try parser.document()
  }

  /// The value of the member `name`, if this is an object and has it.
  package subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }
}

private struct JSONParser {
  private let reader: ByteReader
  private var position = 0
  private var values = 0

  private static let maximumDepth = 32
  private static let maximumValues = 1 << 20

  init(bytes: UnsafeRawBufferPointer) {
    reader = ByteReader(bytes: bytes)
  }

  mutating func document() throws(JSONValue.SyntaxError) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard position == reader.count else { throw error("more text after the value") }
    return value
  }

  private func error(_ problem: String) -> JSONValue.SyntaxError {
    JSONValue.SyntaxError(problem: problem, offset: position)
  }

  private var next: UInt8? { reader.byte(at: position) }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  /// Skips `byte` if it comes next.
  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONValue.SyntaxError) -> JSONValue {
    values += 1
    guard depth <= Self.maximumDepth else { throw error("nesting deeper than \(Self.maximumDepth)") }
    guard values <= Self.maximumValues else { throw error("more than \(Self.maximumValues) values") }
    skipSpace()
    switch next.map({ Character(Unicode.Scalar($0)) }) {
    case "{": return try object(depth: depth)
    case "[": return try array(depth: depth)
    case "\"": return .string(try string())
    case "t": return try word("true", .boolean(true))
    case "f": return try word("false", .boolean(false))
    case "n": return try word("null", .null)
    case "-", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9": return try number()
    case nil: throw error("the text ends where a value is due")
    default: throw error("no value starts with this")
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONValue.SyntaxError) -> JSONValue {
    for scalar in word.unicodeScalars where !take(scalar) { throw error("no such word") }
    return value
  }

  private mutating func object(depth: Int) throws(JSONValue.SyntaxError) -> JSONValue {
    position += 1
    var members: [JSONValue.Member] = []
    var names: Set<String> = []
    skipSpace()
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw error("a name in quotes is due") }
      let name = try string()
      guard names.insert(name).inserted else { throw error("the name \(quoted(name)) twice in one object") }
      skipSpace()
      guard take(":") else { throw error("a colon is due") }
      members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
      skipSpace()
    } while take(",")
    guard take("}") else { throw error("a comma or the end of the object is due") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(JSONValue.SyntaxError) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take("]") { return .array(elements) }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipSpace()
    } while take(",")
    guard take("]") else { throw error("a comma or the end of the array is due") }
    return .array(elements)
  }

  private mutating func number() throws(JSONValue.SyntaxError) -> JSONValue {
    let start = position
    var whole = true
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") {
      whole = false
      try digits()
    }
    if take("e") || take("E") {
      whole = false
      if !take("+") { _ = take("-") }
      try digits()
    }
    let text = reader.text(at: start, count: position - start) ?? ""
    if whole, let integer = Int(text) { return .integer(integer) }
    guard let real = Double(text), real.isFinite else { throw error("a number out of range") }
    return .real(real)
  }

  private mutating func digits() throws(JSONValue.SyntaxError) {
    let start = position
    while let byte = next, byte >= 0x30, byte <= 0x39 { position += 1 }
    guard position > start else { throw error("a digit is due") }
  }

  private mutating func string() throws(JSONValue.SyntaxError) -> String {
    position += 1
    var result = ""
    var start = position
    while true {
      guard let byte = next else { throw error("the text ends within a string") }
      guard byte >= 0x20 else { throw error("a control character within a string") }
      guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
        position += 1
        continue
      }
      guard let run = reader.text(at: start, count: position - start) else { throw error("invalid UTF-8") }
      result += run
      position += 1
      if byte == UInt8(ascii: "\"") { return result }
      result.unicodeScalars.append(try escape())
      start = position
    }
  }

  /// What follows a backslash.
  private mutating func escape() throws(JSONValue.SyntaxError) -> Unicode.Scalar {
    guard let byte = next else { throw error("the text ends within a string") }
    position += 1
    switch Unicode.Scalar(byte) {
    case "\"", "\\", "/": return Unicode.Scalar(byte)
    case "b": return "\u{8}"
    case "f": return "\u{C}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "u": break
    default: throw error("no such escape")
    }
    let unit = try codeUnit()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard UTF16.isLeadSurrogate(unit), take("\\"), take("u") else { throw error("half a surrogate pair") }
    let trail = try codeUnit()
    guard UTF16.isTrailSurrogate(trail) else { throw error("half a surrogate pair") }
    return UTF16.decode(UTF16.EncodedScalar([unit, trail]))
  }

  private mutating func codeUnit() throws(JSONValue.SyntaxError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = next.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
        throw error("four hexadecimal digits are due")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}
