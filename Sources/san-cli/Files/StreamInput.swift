import SANCore
import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What comes through a pipe.
enum StreamInput {
  /// Everything on standard input to its end.
  ///
  /// - Throws: ``StreamInputError``; `CancellationError` when a signal comes.
  static func readStandardInput(limit: Int) throws -> [UInt8] {
    try read(.standardInput, name: "standard input", limit: limit)
  }

  /// Everything in the file at `path`, or what the pipe or device there has to its end: a shell's `<(…)` is a pipe.
  ///
  /// - Throws: `FileError`, ``StreamInputError``; `CancellationError` when a signal comes.
  static func contents(of path: String, limit: Int) throws -> [UInt8] {
    guard let status = FileStatus(path), !status.isRegular, !status.isFolder else {
      return try MappedFile.contents(of: path, limit: limit)
    }
    return try read(path, limit: limit)
  }

  private static func read(_ path: String, limit: Int) throws -> [UInt8] {
    let file: FileDescriptor
    do { file = try FileDescriptor.open(path, O_RDONLY) } catch {
      throw StreamInputError(name: path, code: error.code)
    }
    return try read(file, name: path, limit: limit)
  }

  private static func read(_ file: FileDescriptor, name: String, limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let chunk: [UInt8]
      do { chunk = try file.read(upTo: 1 << 16, retries: false) } catch {
        // A signal may be the end of the run.
        try Interruption.check()
        if error.code == EINTR { continue }
        throw StreamInputError(name: name, code: error.code)
      }
      try Interruption.check()
      guard !chunk.isEmpty else { return bytes }
      bytes += chunk
      guard bytes.count <= limit else {
        throw StreamInputError(name: name, problem: "more than \(limit.grouped) bytes are not taken")
      }
    }
  }
}

/// A pipe or device that cannot be read.
struct StreamInputError: ProgramError {
  let name: String
  let problem: String
  var description: String { "\(name): \(problem)" }
  var category: ErrorCategory { .inputOutput }

  init(name: String, problem: String) { (self.name, self.problem) = (name, problem) }

  init(name: String, code: Int32) {
    self.init(name: name, problem: "cannot be read: \(SystemError.text(code))")
  }
}
