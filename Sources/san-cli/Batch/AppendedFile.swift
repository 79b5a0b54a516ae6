import SANCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file of lines that grows as a run goes on. Each line is written whole, so that a run that is stopped leaves whole
/// lines.
final class AppendedFile: Sendable {
  let path: String
  private let file: Int32

  /// Opens the file, or makes it.
  ///
  /// - Parameter replacing: whether what is in it goes; else a line that an earlier run has not ended is ended first.
  init(_ path: String, replacing: Bool) throws {
    self.path = path
    let mode = replacing ? O_TRUNC : O_APPEND
    file = systemOpen(path, O_RDWR | O_CREAT | O_CLOEXEC | mode)
    guard file >= 0 else { throw AppendError(path: path, code: errno, isNew: true) }
    guard !replacing else { return }
    let end = lseek(file, 0, SEEK_END)
    var last = UInt8(ascii: "\n")
    if end > 0, pread(file, &last, 1, end - 1) == 1, last != UInt8(ascii: "\n") { try append("\n") }
  }

  deinit { close(file) }

  /// Writes `line`, which ends in a line's end.
  func append(_ line: String) throws {
    var bytes = Array(line.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw AppendError(path: path, code: errno, isNew: false) }
      bytes = bytes.dropFirst(count)
    }
  }
}

private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags, 0o666) }

/// A growing file that cannot be opened or written.
struct AppendError: StatusError {
  let path: String
  let code: Int32
  /// Whether nothing has been written yet.
  let isNew: Bool
  var description: String { "\(path): cannot be written: \(SystemError.text(code))" }
  var status: Int32 { isNew ? Failure.Status.cannotCreate : Failure.Status.inputOutput }
}
