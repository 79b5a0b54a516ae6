import SANCore
import SANInference

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
  private let file: FileDescriptor

  /// Opens the file, or makes it.
  ///
  /// - Parameter replacing: whether what is in it goes, unless another run is writing it; else a line that an earlier run
  ///   has not ended is ended first.
  init(_ path: String, replacing: Bool) throws {
    self.path = path
    do {
      file = try FileDescriptor.open(path, O_RDWR | O_CREAT | (replacing ? 0 : O_APPEND))
    } catch {
      throw AppendError(path: path, code: error.code, isNew: true)
    }
    if replacing {
      // Some network file systems have no locks: there, nobody watches.
      if (try? file.lock()) == false {
        throw PlaceError(path: path, problem: "another run writes it; wait for it, or name another file")
      }
      // Pipes and devices have no length.
      if FileStatus(path)?.isRegular == true, ftruncate(file.number, 0) != 0 {
        throw AppendError(path: path, code: errno, isNew: true)
      }
      return
    }
    let end = lseek(file.number, 0, SEEK_END)
    var last = UInt8(ascii: "\n")
    if end > 0, pread(file.number, &last, 1, end - 1) == 1, last != UInt8(ascii: "\n") { try append("\n") }
  }

  /// Writes `line`, which ends in a line's end.
  func append(_ line: String) throws {
    do {
      try file.write(Array(line.utf8))
    } catch {
      throw AppendError(path: path, code: error.code, isNew: false)
    }
  }
}

/// A growing file that cannot be opened or written.
struct AppendError: ProgramError {
  let path: String
  let code: Int32
  /// Whether nothing has been written yet.
  let isNew: Bool
  var description: String { "\(path): cannot be written: \(SystemError.text(code))" }
  var category: ErrorCategory { isNew ? .cannotCreate : .inputOutput }
}
