import SANCore
import SANInference

/// A file of classes: UTF-8 text, one a line as `ClassName(parsing:)` reads it. `#` at a line's start or after white space
/// starts a comment, and lines without a class do not count. YAML and JSON, by the file's name, are ``NamesFile``'s.
struct ClassesFile {
  let path: String
  /// The classes in their order.
  private(set) var classes: [ClassName] = []
  /// The line, from 1, that each class is in; none where the format has no lines.
  private var lines: [Int] = []

  private static let maximumByteCount = 8 << 20

  /// Reads the file and checks that its classes can be told apart.
  ///
  /// - Throws: `FileError`, ``StreamInputError``, or ``ClassesFileError``.
  init(_ path: String) throws {
    self.path = path
    let bytes = try StreamInput.contents(of: path, limit: ClassesFile.maximumByteCount)
    guard let text = String(validating: bytes.withoutByteOrderMark, as: UTF8.self) else {
      throw ClassesFileError(path: path, problem: "is not UTF-8 text: save it as such")
    }
    if let names = try NamesFile(text, path: path) {
      (classes, lines) = (names.names.map { ClassName($0) }, names.lines)
      try check()
      return
    }
    let breaks: Set<Character> = ["\n", "\r", "\r\n"]
    let all = text.split(omittingEmptySubsequences: false, whereSeparator: breaks.contains)
    for (index, line) in all.enumerated() {
      let text = ClassesFile.withoutComment(line)
      if text.allSatisfy(\.isWhitespace) { continue }
      lines.append(index + 1)
      do {
        classes.append(try ClassName(parsing: text))
      } catch {
        throw ClassesFileError(path: path, line: index + 1, problem: "\(error)")
      }
    }
    try check()
  }

  /// The line of a file that is the class `name`.
  static func line(of name: String) -> String { EscapedText.escape(name, ["=", "|", "#"]) }

  private func check() throws {
    do {
      try VocabularyError.check(classes)
    } catch VocabularyError.empty {
      throw ClassesFileError(path: path, problem: "has no class: write one a line")
    } catch VocabularyError.blank(let position) {
      throw ClassesFileError(path: path, line: line(position), problem: "the class has no name: give it one")
    } catch VocabularyError.blankSynonym(let title, let position) {
      throw ClassesFileError(
        path: path, line: line(position),
        problem: "\(VocabularyError.blankSynonym(title: title, position: position))")
    } catch VocabularyError.duplicate(let name, let first, let second) {
      throw ClassesFileError(
        path: path, line: line(second),
        problem: "class \"\(name)\" is \(place(first)) already (case and extra spaces do not count)")
    } catch VocabularyError.duplicateSynonym(let name, let titles, let first, let second) {
      throw ClassesFileError(
        path: path, line: line(second),
        problem: "\"\(name)\" is a name of class \"\(titles[0])\" \(place(first)) already")
    } catch {
      throw ClassesFileError(path: path, problem: "\(error)")
    }
  }

  private func line(_ index: Int) -> Int? { lines.isEmpty ? nil : lines[index] }

  private func place(_ index: Int) -> String { line(index).map { "on line \($0)" } ?? "number \(index + 1)" }

  /// The line up to its comment.
  private static func withoutComment(_ line: Substring) -> Substring {
    var (escaped, afterSpace) = (false, true)
    for index in line.unicodeScalars.indices {
      let scalar = line.unicodeScalars[index]
      if scalar == "#" && afterSpace && !escaped { return line[..<index] }
      escaped = scalar == "\\" && !escaped
      afterSpace = scalar.properties.isWhitespace
    }
    return line
  }
}

/// A file of class names that cannot be used.
struct ClassesFileError: ProgramError {
  let path: String
  /// From 1; nil where the whole file is meant.
  var line: Int?
  let problem: String
  var description: String { line.map { "\(path): line \($0): \(problem)" } ?? "\(path): \(problem)" }
  var category: ErrorCategory { .damaged }
}

/// A file that says which class a number in label files stands for: UTF-8 text, `number<TAB>name` a line.
struct LabelNames {
  /// The class of each number, by its place in the vocabulary.
  let classesByID: [UInt16: Int]

  private static let maximumByteCount = 8 << 20

  /// Reads the file. Names are compared as the model reads them: case and extra spaces do not count.
  ///
  /// - Parameters:
  ///   - classes: the vocabulary; a name that is not in it is an error unless its number is in `ignored`.
  /// - Throws: `FileError`, ``StreamInputError``, or ``ClassesFileError``.
  init(_ path: String, classes: [String], ignored: Set<UInt16>) throws {
    func failure(_ problem: String) -> ClassesFileError { ClassesFileError(path: path, problem: problem) }
    let bytes = try StreamInput.contents(of: path, limit: LabelNames.maximumByteCount)
    guard let text = String(validating: bytes.withoutByteOrderMark, as: UTF8.self) else {
      throw failure("is not UTF-8 text: save it as such")
    }
    let places = Dictionary(
      classes.enumerated().map { (TextCleaning.clean($1), $0) }, uniquingKeysWith: { first, _ in first })
    var classesByID: [UInt16: Int] = [:]
    var lines: [UInt16: Int] = [:]
    let breaks: Set<Character> = ["\n", "\r", "\r\n"]
    let all = text.split(omittingEmptySubsequences: false, whereSeparator: breaks.contains)
    for (index, line) in all.enumerated() where !line.allSatisfy(\.isWhitespace) {
      let number = index + 1
      let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let id = UInt16(parts[0].filter { $0 != " " }) else {
        throw failure("line \(number): is not a number from 0 to 65535, a tab and a class")
      }
      if let first = lines.updateValue(number, forKey: id) {
        throw failure("line \(number): the number \(id) is on line \(first) already")
      }
      guard !ignored.contains(id) else { continue }
      guard let place = places[TextCleaning.clean(String(parts[1]))] else {
        let numbers = ignored.union([id]).sorted().map(String.init).joined(separator: ",")
        throw failure(
          "line \(number): \"\(parts[1])\" is not in the vocabulary; correct the name, "
            + "or leave its pixels out with --ignore \(numbers)")
      }
      classesByID[id] = place
    }
    guard !classesByID.isEmpty else {
      throw failure("names no class; one \"number<TAB>class\" a line is needed")
    }
    self.classesByID = classesByID
  }
}
