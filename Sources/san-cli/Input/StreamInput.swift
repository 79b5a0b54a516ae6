import SANCore

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
    try read(STDIN_FILENO, name: "standard input", limit: limit)
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
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw StreamInputError(name: path, code: errno) }
    defer { close(file) }
    return try read(file, name: path, limit: limit)
  }

  private static func read(_ file: Int32, name: String, limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let step = 1 << 16
    while true {
      var code: Int32 = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: step) { buffer, count in
        let got = systemRead(file, buffer.baseAddress, step)
        if got < 0 { code = errno }
        count = max(0, got)
      }
      try Interruption.check()
      if code == EINTR { continue }
      guard code == 0 else { throw StreamInputError(name: name, code: code) }
      guard !chunk.isEmpty else { return bytes }
      bytes += chunk
      guard bytes.count <= limit else {
        throw StreamInputError(name: name, problem: "more than \(limit.grouped) bytes are not taken")
      }
    }
  }
}

private func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(file, buffer, count)
}

/// A pipe or device that cannot be read.
struct StreamInputError: StatusError {
  let name: String
  let problem: String
  var description: String { "\(name): \(problem)" }
  var status: Int32 { Failure.Status.inputOutput }

  init(name: String, problem: String) { (self.name, self.problem) = (name, problem) }

  init(name: String, code: Int32) {
    self.init(name: name, problem: "cannot be read: \(SystemError.text(code))")
  }
}
