/// The members of one JSON object, taken one by one; what is left at the end is unknown.
struct ConfigurationReader {
  let file: String
  /// The names from the root to this object, each with a dot behind.
  private let prefix: String
  private var members: [String: JSONValue] = [:]

  init(_ json: [UInt8], file: String) throws {
    do {
      self = try ConfigurationReader(json.withUnsafeBytes(JSONValue.init(parsing:)), file: file, prefix: "")
    } catch let error as JSONValue.SyntaxError {
      throw ConfigurationError.notJSON(file: file, problem: "\(error)")
    }
  }

  private init(_ value: JSONValue, file: String, prefix: String) throws {
    self.file = file
    self.prefix = prefix
    guard case .object(let members) = value else {
      if prefix.isEmpty { throw ConfigurationError.notJSON(file: file, problem: "it is not an object") }
      throw ConfigurationError.invalidValue(
        file: file, field: String(prefix.dropLast()), value: Self.text(value), allowed: "an object")
    }
    for member in members { self.members[member.name] = member.value }
  }

  private mutating func take(_ name: String) throws -> JSONValue {
    guard let value = members.removeValue(forKey: name) else {
      throw ConfigurationError.missingField(file: file, field: prefix + name)
    }
    return value
  }

  private func invalid(_ name: String, _ value: JSONValue, _ allowed: String) -> ConfigurationError {
    .invalidValue(file: file, field: prefix + name, value: Self.text(value), allowed: allowed)
  }

  /// Reads the object `name` with `body`; every member of it must be taken.
  mutating func object<R>(_ name: String, _ body: (inout ConfigurationReader) throws -> R) throws -> R {
    var inner = try ConfigurationReader(take(name), file: file, prefix: "\(prefix)\(name).")
    let result = try body(&inner)
    try inner.finish()
    return result
  }

  /// Reads `name` with `read`, where it is there.
  mutating func optional<R>(
    _ name: String, _ read: (inout ConfigurationReader, String) throws -> R
  ) throws -> R? {
    members[name] == nil ? nil : try read(&self, name)
  }

  func finish() throws {
    if let name = members.keys.min() {
      throw ConfigurationError.unknownField(file: file, field: prefix + name)
    }
  }

  mutating func integer(_ name: String) throws -> Int {
    let value = try take(name)
    guard case .integer(let integer) = value else { throw invalid(name, value, "a whole number") }
    return integer
  }

  mutating func real(_ name: String) throws -> Double {
    switch try take(name) {
    case .integer(let integer): return Double(integer)
    case .real(let real): return real
    case let value: throw invalid(name, value, "a number")
    }
  }

  mutating func string(_ name: String) throws -> String {
    let value = try take(name)
    guard case .string(let string) = value else { throw invalid(name, value, "a text in quotes") }
    return string
  }

  mutating func strings(_ name: String) throws -> [String] {
    let value = try take(name)
    guard case .array(let elements) = value else { throw invalid(name, value, "a list of texts in quotes") }
    return try elements.map { element in
      guard case .string(let string) = element else {
        throw invalid(name, value, "a list of texts in quotes")
      }
      return string
    }
  }

  mutating func grid(_ name: String) throws -> Grid {
    let value = try take(name)
    guard let (height, width) = Self.pair(value) else {
      throw invalid(name, value, "two whole numbers, rows and columns")
    }
    return Grid(height: height, width: width)
  }

  mutating func pairs(_ name: String) throws -> [(Int, Int)] {
    let value = try take(name)
    guard case .array(let elements) = value else { throw invalid(name, value, "a list of pairs") }
    return try elements.map { element in
      guard let pair = Self.pair(element) else { throw invalid(name, value, "a list of pairs") }
      return pair
    }
  }

  mutating func reals(_ name: String) throws -> [Double] {
    let value = try take(name)
    guard case .array(let elements) = value else { throw invalid(name, value, "a list of numbers") }
    return try elements.map { element in
      switch element {
      case .integer(let integer): return Double(integer)
      case .real(let real): return real
      default: throw invalid(name, value, "a list of numbers")
      }
    }
  }

  /// A list of lists of `count` whole numbers each.
  mutating func rows(_ name: String, of count: Int) throws -> [[Int]] {
    let value = try take(name)
    let problem = invalid(name, value, "a list of lists of \(count) whole numbers")
    guard case .array(let rows) = value else { throw problem }
    return try rows.map { row in
      guard case .array(let elements) = row, elements.count == count else { throw problem }
      return try elements.map { element in
        guard case .integer(let integer) = element else { throw problem }
        return integer
      }
    }
  }

  private static func pair(_ value: JSONValue) -> (Int, Int)? {
    guard case .array(let elements) = value, elements.count == 2,
      case .integer(let first) = elements[0], case .integer(let second) = elements[1]
    else { return nil }
    return (first, second)
  }

  /// `value` for a message.
  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .boolean(let boolean): "\(boolean)"
    case .integer(let integer): "\(integer)"
    case .real(let real): "\(real)"
    case .string(let string): quoted(string)
    case .array: "a list"
    case .object: "an object"
    }
  }
}
