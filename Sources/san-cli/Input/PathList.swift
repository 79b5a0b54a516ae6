import SANCore
import SANInference

/// A list of paths: one a line, or with NUL bytes between them, as `find -print0` writes it.
enum PathList {
  /// The most that a list may hold, in bytes.
  private static let limit = 1 << 30

  /// The paths in the file at `path`, or on standard input where it is `-`. Empty lines do not count; a line may end as
  /// Windows ends it. Where there is a NUL byte, nothing but those separates paths.
  ///
  /// - Throws: `FileError`, ``StreamInputError``, or ``PathListError``.
  static func read(_ path: String) throws -> [String] {
    let name = path == "-" ? "standard input" : path
    var paths: [String] = []
    let bytes = try bytes(of: path).withoutByteOrderMark
    let hasLines = !bytes.contains(0)
    let lines = bytes.split(
      separator: hasLines ? UInt8(ascii: "\n") : 0, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let line = hasLines && line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      guard !line.isEmpty else { continue }
      guard let text = String(validating: line, as: UTF8.self) else {
        throw PathListError(
          list: name, problem: "\(hasLines ? "line" : "entry") \(index + 1) is not a path in UTF-8")
      }
      paths.append(text)
    }
    guard !paths.isEmpty else {
      throw PathListError(list: name, problem: "lists no path; one a line is needed")
    }
    return paths
  }

  private static func bytes(of path: String) throws -> [UInt8] {
    if path == "-" { return try StreamInput.readStandardInput(limit: limit) }
    return try StreamInput.contents(of: path, limit: limit)
  }
}

/// A list of paths that cannot be used.
struct PathListError: ProgramError {
  let list: String
  let problem: String
  var description: String { "\(list): \(problem)" }
  var category: ErrorCategory { .damaged }
}
