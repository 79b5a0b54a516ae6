import SANInference

/// A file of classes: UTF-8 text, one a line as `ClassName(parsing:)` reads it. `#` at a line's start or after white space
/// starts a comment, and lines without a class do not count.
struct ClassesFile {
  let path: String
  /// The classes in their order.
  private(set) var classes: [ClassName] = []
  /// The line, from 1, that each class is in.
  private var lines: [Int] = []

  private static let maximumByteCount = 8 << 20

  /// Reads the file and checks that its classes can be told apart.
  ///
  /// - Throws: `FileError`, ``StreamInputError``, or ``ClassesFileError``.
  init(_ path: String) throws {
    self.path = path
    let bytes = try StreamInput.contents(of: path, limit: ClassesFile.maximumByteCount)
    guard var text = String(validating: bytes, as: UTF8.self) else {
      throw ClassesFileError(path: path, problem: "is not UTF-8 text: save it as such")
    }
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
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
      throw ClassesFileError(path: path, line: lines[position], problem: "the class has no name: give it one")
    } catch VocabularyError.blankSynonym(let title, let position) {
      throw ClassesFileError(
        path: path, line: lines[position],
        problem: "\(VocabularyError.blankSynonym(title: title, position: position))")
    } catch VocabularyError.duplicate(let name, let first, let second) {
      throw ClassesFileError(
        path: path, line: lines[second],
        problem: "class \"\(name)\" is on line \(lines[first]) already (case and extra spaces do not count)")
    } catch VocabularyError.duplicateSynonym(let name, let titles, let first, let second) {
      throw ClassesFileError(
        path: path, line: lines[second],
        problem: "\"\(name)\" is a name of class \"\(titles[0])\" on line \(lines[first]) already")
    } catch {
      throw ClassesFileError(path: path, problem: "\(error)")
    }
  }

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
struct ClassesFileError: StatusError {
  let path: String
  /// From 1; nil where the whole file is meant.
  var line: Int?
  let problem: String
  var description: String { line.map { "\(path): line \($0): \(problem)" } ?? "\(path): \(problem)" }
  var status: Int32 { Failure.Status.data }
}
