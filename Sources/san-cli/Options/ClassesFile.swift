import SANCore
import SANInference

/// A file of class names: UTF-8 text, one name a line. `#` at a line's start or after white space starts a comment, a
/// backslash takes the next character as it is, and lines without a name do not count.
struct ClassesFile {
  let path: String
  /// The names in their order.
  private(set) var names: [String] = []
  /// The line, from 1, that each name is in.
  private var lines: [Int] = []

  private static let maximumByteCount = 8 << 20

  /// Reads the file and checks that its names can be told apart.
  ///
  /// - Throws: `FileError` or ``ClassesFileError``.
  init(_ path: String) throws {
    self.path = path
    let bytes = try MappedFile.contents(of: path, limit: ClassesFile.maximumByteCount)
    guard var text = String(validating: bytes, as: UTF8.self) else {
      throw ClassesFileError(path: path, problem: "is not UTF-8 text: save it as such")
    }
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    let breaks: Set<Character> = ["\n", "\r", "\r\n"]
    let all = text.split(omittingEmptySubsequences: false, whereSeparator: breaks.contains)
    for (index, line) in all.enumerated() {
      let name = NameList.unescape(ClassesFile.withoutComment(line)).trimmed
      guard !name.isEmpty else { continue }
      names.append(name)
      lines.append(index + 1)
    }
    try check()
  }

  private func check() throws {
    do {
      try VocabularyError.check(names)
    } catch VocabularyError.empty {
      throw ClassesFileError(path: path, problem: "has no class: write one a line")
    } catch VocabularyError.blank(let position) {
      throw ClassesFileError(path: path, line: lines[position], problem: "the class is blank")
    } catch VocabularyError.duplicate(let name, let first, let second) {
      throw ClassesFileError(
        path: path, line: lines[second],
        problem: "class \"\(name)\" is on line \(lines[first]) already (case and extra spaces do not count)")
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
