import SANCore

/// Class names in a file of another program's: `names:` of a YAML file, as YOLO's `data.yaml` has them, or a JSON array.
///
/// Of YAML this reads no more than such a list or map of numbers to names, in lines or in brackets; what else a file has
/// at its top level does not count, and what is not understood within `names:` is refused. Names are taken as they are.
struct NamesFile {
  private(set) var names: [String] = []
  /// The line, from 1, that each name is in; none for JSON.
  private(set) var lines: [Int] = []

  private let path: String

  /// Nil where the file's name says that it is neither.
  ///
  /// - Throws: ``ClassesFileError`` where it is no such file.
  init?(_ text: String, path: String) throws {
    self.path = path
    if Path.has(path, extension: "json") {
      names = try NamesFile.json(text, path: path)
    } else if ["yaml", "yml"].contains(where: { Path.has(path, extension: $0) }) {
      try readYAML(text)
    } else {
      return nil
    }
  }

  private static func json(_ text: String, path: String) throws -> [String] {
    func failure(_ problem: String) -> ClassesFileError { ClassesFileError(path: path, problem: problem) }
    let value: JSONValue
    do {
      value = try Array(text.utf8).withUnsafeBytes { try JSONValue(parsing: $0) }
    } catch {
      throw failure("is not JSON: \(error); write an array of names, such as [\"cat\", \"dog\"]")
    }
    guard case .array(let elements) = value else {
      throw failure(
        "is JSON, but no array of names, such as [\"cat\", \"dog\"]; write one, or a text file of one name a line"
      )
    }
    return try elements.enumerated().map { index, element in
      guard case .string(let name) = element else {
        throw failure("element \(index + 1) of the array is no name")
      }
      return name
    }
  }

  // MARK: YAML

  private func failure(_ line: Int?, _ problem: String) -> ClassesFileError {
    ClassesFileError(path: path, line: line, problem: problem)
  }

  private mutating func readYAML(_ text: String) throws {
    let breaks: Set<Character> = ["\n", "\r", "\r\n"]
    let all = text.split(omittingEmptySubsequences: false, whereSeparator: breaks.contains)
    let starts = all.indices.filter { all[$0].hasPrefix("names:") }
    guard let start = starts.first else {
      throw failure(
        nil, "is YAML without names: at its top level; add them, or give a text file of one name a line")
    }
    if starts.count > 1 { throw failure(starts[1] + 1, "names: is on line \(start + 1) already") }
    let first = all[start].dropFirst("names:".count)
    if let next = first.first, next != " ", next != "\t" {
      throw failure(start + 1, "there is no space after names:")
    }
    var entries: [(key: Int?, name: String, line: Int)] = []
    var scanner = YAMLScanner(first, line: start + 1, path: path)
    if scanner.skipSpace() {
      let block = all[(start + 1)...].prefix { line in
        line.isEmpty || line.first?.isWhitespace == true || line.hasPrefix("#") || line.hasPrefix("- ")
          || line == "-"
      }
      entries = try NamesFile.block(block, path: path)
    } else if scanner.take("[") || scanner.take("{") {
      // A list in brackets may go on over lines.
      let rest = all[(start + 1)...].joined(separator: "\n")
      scanner = YAMLScanner(Substring(first + "\n" + rest), line: start + 1, path: path)
      entries = try scanner.flow()
    } else {
      throw failure(start + 1, "names: is neither a list nor a map of numbers to names")
    }
    try take(entries, line: start + 1)
  }

  /// Entries of `- name` or `number: name`, one a line.
  private static func block(
    _ lines: ArraySlice<Substring>, path: String
  ) throws -> [(key: Int?, name: String, line: Int)] {
    var entries: [(key: Int?, name: String, line: Int)] = []
    var indent: Int?
    for index in lines.indices {
      let line = lines[index]
      var scanner = YAMLScanner(line, line: index + 1, path: path)
      if scanner.skipSpace() { continue }
      let own = line.prefix { $0 == " " }.count
      guard own == indent ?? own, !line.prefix(while: \.isWhitespace).contains("\t") else {
        throw ClassesFileError(
          path: path, line: index + 1,
          problem: "is indented unlike the line before; names of one level are read")
      }
      indent = own
      let isListed = scanner.take("-")
      let key = isListed ? nil : try scanner.key()
      if isListed, !scanner.isAtSpace { throw scanner.failure("there is no space after the -") }
      entries.append((key, try scanner.scalar(endingAt: []), index + 1))
      guard scanner.skipSpace() else { throw scanner.failure("something follows the name") }
    }
    return entries
  }

  /// Puts names in their order: that of a list, or of a map's numbers, which are all those from 0 on.
  private mutating func take(_ entries: [(key: Int?, name: String, line: Int)], line: Int) throws {
    guard let first = entries.first else { throw failure(line, "names: has no name; write a list or a map") }
    if let mixed = entries.first(where: { ($0.key == nil) != (first.key == nil) }) {
      throw failure(mixed.line, "names: is a list in part and a map in part; make it one of them")
    }
    var sorted = entries
    if first.key != nil { sorted.sort { ($0.key ?? 0, $0.line) < ($1.key ?? 0, $1.line) } }
    for (index, entry) in sorted.enumerated() where entry.key != nil && entry.key != index {
      throw failure(
        entry.line,
        "the numbers of names: are not 0 to \(sorted.count - 1), each once; \(entry.key ?? 0) stands for \(index)"
      )
    }
    (names, lines) = (sorted.map(\.name), sorted.map(\.line))
  }
}

/// Reads what stands within `names:`, character by character.
private struct YAMLScanner {
  private var rest: Substring
  private var line: Int
  private let path: String

  init(_ text: Substring, line: Int, path: String) { (rest, self.line, self.path) = (text, line, path) }

  func failure(_ problem: String) -> ClassesFileError {
    ClassesFileError(path: path, line: line, problem: problem)
  }

  var isAtSpace: Bool { rest.first?.isWhitespace ?? true }

  /// Skips white space, ends of lines and comments; whether nothing follows.
  mutating func skipSpace() -> Bool {
    var isAfterSpace = true
    while let next = rest.first {
      if next.isNewline { line += 1 }
      if next == "#", isAfterSpace {
        rest = rest.drop { !$0.isNewline }
        continue
      }
      guard next.isWhitespace else { return false }
      rest.removeFirst()
      isAfterSpace = true
    }
    return true
  }

  /// Skips white space and then `character`, if that follows.
  mutating func take(_ character: Character) -> Bool {
    guard !skipSpace(), rest.first == character else { return false }
    rest.removeFirst()
    return true
  }

  /// A number and a colon.
  mutating func key() throws -> Int {
    _ = skipSpace()
    let quote = rest.first.flatMap { $0 == "\"" || $0 == "'" ? $0 : nil }
    if quote != nil { rest.removeFirst() }
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    rest = rest.dropFirst(digits.count)
    if let quote {
      guard rest.first == quote else { throw failure("is not a number and a name, such as 0: cat") }
      rest.removeFirst()
    }
    guard let number = Int(digits), take(":"), isAtSpace else {
      throw failure("is not a number and a name, such as 0: cat, nor - cat")
    }
    return number
  }

  /// A list or map in brackets, up to the closing one.
  mutating func flow() throws -> [(key: Int?, name: String, line: Int)] {
    var entries: [(key: Int?, name: String, line: Int)] = []
    let isMap = !take("[")
    if isMap { _ = take("{") }
    let end: Character = isMap ? "}" : "]"
    while !take(end) {
      if skipSpace() { throw failure("names: has no closing \(end)") }
      let key = isMap ? try key() : nil
      _ = skipSpace()
      let start = line
      entries.append((key, try scalar(endingAt: [",", end]), start))
      if take(",") { continue }
      guard take(end) else { throw failure("neither a comma nor \(end) follows the name") }
      break
    }
    return entries
  }

  /// A name, plain or in quotation marks.
  mutating func scalar(endingAt ends: Set<Character>) throws -> String {
    while let next = rest.first, next == " " || next == "\t" { rest.removeFirst() }
    switch rest.first {
    case "\"": return try doubleQuoted()
    case "'": return try singleQuoted()
    default: return try plain(endingAt: ends)
    }
  }

  private mutating func plain(endingAt ends: Set<Character>) throws -> String {
    var text = ""
    while let next = rest.first, !next.isNewline, !ends.contains(next) {
      if next == "#", text.last?.isWhitespace ?? true { break }
      text.append(next)
      rest.removeFirst()
    }
    while text.last?.isWhitespace == true { text.removeLast() }
    guard let first = text.first else { throw failure("the name is empty; write it in quotation marks") }
    // These mean something in YAML that is not read here.
    guard
      !"&*!|>%@`[]{},?:-".contains(first)
        || (text.count > 1 && first == "-" && text.dropFirst().first != " "),
      !text.contains(": "), !text.hasSuffix(":")
    else { throw failure("\"\(text)\" is more than a name; write the name in quotation marks") }
    return text
  }

  private mutating func singleQuoted() throws -> String {
    rest.removeFirst()
    var text = ""
    while let next = rest.popFirst() {
      if next.isNewline { break }
      if next != "'" {
        text.append(next)
      } else if rest.first == "'" {
        text.append("'")
        rest.removeFirst()
      } else {
        return text
      }
    }
    throw failure("the name has no closing quotation mark on its line")
  }

  /// Escapes are JSON's, which YAML has too.
  private mutating func doubleQuoted() throws -> String {
    var text = String(rest.removeFirst())
    var isEscaped = false
    while let next = rest.popFirst(), !next.isNewline {
      text.append(next)
      if next == "\"", !isEscaped {
        guard case .string(let name)? = try? Array(text.utf8).withUnsafeBytes({ try JSONValue(parsing: $0) })
        else {
          throw failure("\(text) has an escape that is not read here")
        }
        return name
      }
      isEscaped = next == "\\" && !isEscaped
    }
    throw failure("the name has no closing quotation mark on its line")
  }
}
