import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An open file, pipe or device, closed when the last reference goes. A call that a signal interrupts is made again.
package final class FileDescriptor: Sendable {
  /// The system's number, -1 once it is closed.
  private let handle: Atomic<Int32>
  private let isOwned: Bool

  private init(_ number: Int32, isOwned: Bool) {
    handle = Atomic(number)
    self.isOwned = isOwned
  }

  /// Opens `path`. Programs that this one starts do not get it.
  ///
  /// - Parameters:
  ///   - flags: how, such as `O_RDONLY`.
  ///   - permissions: those of a file that is made, less what the user's umask takes away.
  package static func open(
    _ path: String, _ flags: Int32, permissions: mode_t = 0o666
  ) throws(SystemError) -> FileDescriptor {
    let number = retrying { systemOpen(path, flags | O_CLOEXEC, permissions) }
    guard number >= 0 else { throw SystemError() }
    return FileDescriptor(number, isOwned: true)
  }

  /// Takes over a file that is open already, such as a pipe's end.
  package static func owning(_ number: Int32) -> FileDescriptor { FileDescriptor(number, isOwned: true) }

  /// Standard input, output and error, which stay open.
  package static let standardInput = FileDescriptor(STDIN_FILENO, isOwned: false)
  package static let standardOutput = FileDescriptor(STDOUT_FILENO, isOwned: false)
  package static let standardError = FileDescriptor(STDERR_FILENO, isOwned: false)

  deinit { if isOwned, number >= 0 { _ = systemClose(number) } }

  /// For calls of the system that this type has none for. It is open as long as this object is held.
  package var number: Int32 { handle.load(ordering: .relaxed) }

  /// Closes the file, which must not be used any more. Network file systems report a full disk here.
  package func close() throws(SystemError) {
    let number = handle.exchange(-1, ordering: .relaxed)
    guard number < 0 || systemClose(number) == 0 else { throw SystemError() }
  }

  /// One more handle of the same open file: what is locked stays so until both are closed.
  package func duplicate() throws(SystemError) -> FileDescriptor {
    let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw SystemError() }
    return FileDescriptor(copy, isOwned: true)
  }

  /// The next bytes, `count` at most: as many as there are at once; none at the end.
  ///
  /// - Parameter retries: whether a call that a signal interrupts is made again; else its error is `EINTR`.
  package func read(upTo count: Int, retries: Bool = true) throws(SystemError) -> [UInt8] {
    var error: SystemError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      func call() -> Int { systemRead(number, buffer.baseAddress, count) }
      let got = retries ? Self.retrying(call) : call()
      if got < 0 { error = SystemError() }
      filled = max(0, got)
    }
    if let error { throw error }
    return bytes
  }

  /// Writes all of `bytes` where the last ones ended.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = Self.retrying { systemWrite(number, start, rest.count) }
      guard count > 0 else { throw SystemError() }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Writes all of `bytes` where the last ones ended.
  package func write(_ bytes: [UInt8]) throws(SystemError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(SystemError) in
      try write(UnsafeRawBufferPointer(bytes))
    }
  }

  /// Writes all of `bytes` at `offset` from the file's start.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
    var (rest, offset) = (bytes, offset)
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = Self.retrying { pwrite(number, start, rest.count, off_t(offset)) }
      guard count > 0 else { throw SystemError() }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      offset += count
    }
  }

  /// Waits until the disk has what was written.
  package func synchronize() throws(SystemError) {
    guard Self.retrying({ fsync(number) }) == 0 else { throw SystemError() }
  }

  /// What the system says of the file.
  package func status() throws(SystemError) -> stat {
    var status = stat()
    guard fstat(number, &status) == 0 else { throw SystemError() }
    return status
  }

  /// Locks the file until it is closed, for one holder or for several that only look; false where another process has it
  /// locked.
  package func lock(shared: Bool = false) throws(SystemError) -> Bool {
    if Self.retrying({ flock(number, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) }) == 0 { return true }
    guard errno == EWOULDBLOCK else { throw SystemError() }
    return false
  }

  private static func retrying<Number: FixedWidthInteger>(_ call: () -> Number) -> Number {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }
}

// The members above hide the system's functions of the same names.
private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }

private func systemClose(_ file: Int32) -> Int32 { close(file) }

private func systemRead(_ file: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(file, bytes, count)
}

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(file, bytes, count)
}
