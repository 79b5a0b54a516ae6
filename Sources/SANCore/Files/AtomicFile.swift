#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An output file that appears whole or not at all.
///
/// Data goes to a hidden temporary file in the same folder; ``commit(durable:)`` brings it to the disk and renames
/// it over the destination in one step. Until then, and for good where anything fails or the value is
/// dropped, what was there before stays as it was and the temporary file is removed.
///
/// A destination that is a symbolic link stays one: the file it points to is replaced. A file that is
/// replaced keeps its permissions. A pipe or device (`/dev/stdout`) cannot be replaced, so it is written
/// to directly.
public final class AtomicFile {
  /// The destination, as the caller named it.
  public let path: String

  private let target: String
  private let folder: String
  private var temporary: String?
  private var file: Int32

  /// Opens a temporary file next to `path`.
  ///
  /// - Throws: ``OutputFileError``, before anything is made.
  public init(_ path: String) throws(OutputFileError) {
    self.path = path
    file = -1
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw .failed(path: path.isEmpty ? "(empty path)" : path, reason: "it is not a file name")
    }
    guard let end = Self.following(path) else {
      throw .failed(path: path, reason: "it is a symbolic link that leads back to itself")
    }
    target = end
    folder = Self.folder(of: end)
    var status = stat()
    let exists = stat(target, &status) == 0
    let kind = status.st_mode & S_IFMT
    if exists && kind == S_IFDIR || path.hasSuffix("/") { throw .isFolder(path: path) }
    if exists && access(target, W_OK) != 0 { throw failure() }
    if exists && kind != S_IFREG {
      file = Self.retrying { Self.open(target, O_WRONLY | O_CLOEXEC, 0) }
      guard file >= 0 else { throw failure() }
      return
    }
    try openTemporary(permissions: exists ? status.st_mode & 0o777 : nil)
  }

  deinit {
    if file >= 0 { close(file) }
    if let temporary { unlink(temporary) }
  }

  /// Writes `bytes` to `path`, whole or not at all.
  ///
  /// - Parameters:
  ///   - bytes: all that the file is to hold.
  ///   - path: the destination.
  ///   - durable: whether to wait until the disk has it, as ``commit(durable:)`` does.
  /// - Throws: ``OutputFileError``; what was at `path` before stays.
  public static func write(
    _ bytes: [UInt8], to path: String, durable: Bool = true
  ) throws(OutputFileError) {
    let file = try AtomicFile(path)
    try bytes.withUnsafeBufferPointer { (buffer) throws(OutputFileError) in
      try file.write(UnsafeRawBufferPointer(buffer))
    }
    try file.commit(durable: durable)
  }

  /// Writes `text` to `path` as UTF-8, whole or not at all.
  ///
  /// - Throws: ``OutputFileError``; what was at `path` before stays.
  public static func write(_ text: String, to path: String) throws(OutputFileError) {
    try write(Array(text.utf8), to: path)
  }

  /// Appends bytes.
  ///
  /// - Throws: ``OutputFileError`` where the disk does not take them.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(OutputFileError) {
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = Self.retrying { Self.write(file, start, rest.count) }
      guard count > 0 else { throw failure() }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Writes bytes at `offset` from the file's start, wherever the last ones went; what is never written is
  /// zero. ``OutputFileError/notSeekable(path:)`` where the destination is a pipe or device.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(OutputFileError) {
    precondition(offset >= 0, "an offset from the start")
    var (rest, offset) = (bytes, offset)
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = Self.retrying { pwrite(file, start, rest.count, off_t(offset)) }
      guard count > 0 else { throw failure() }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      offset += count
    }
  }

  /// Makes the file appear at its destination. Call once, last.
  ///
  /// - Parameter durable: whether to wait until the disk has it, some ten milliseconds, so that it is whole even after a
  ///   power cut. A crash of the program alone never leaves a part.
  /// - Throws: ``OutputFileError``; what was there before stays, and the temporary file is gone.
  public func commit(durable: Bool = true) throws(OutputFileError) {
    defer {
      if file >= 0 { close(file) }
      file = -1
      if let temporary { unlink(temporary) }
      temporary = nil
    }
    guard let name = temporary else { return }
    guard !durable || Self.retrying({ Int(fsync(file)) }) == 0 else { throw failure() }
    let closed = close(file)
    file = -1
    // Network file systems report a full disk here.
    guard closed == 0, rename(name, target) == 0 else { throw failure() }
    temporary = nil
    guard durable else { return }
    // The rename itself reaches the disk with the folder; where folders cannot be synced there is no more
    // to be done.
    let directory = Self.open(folder, O_RDONLY | O_CLOEXEC, 0)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }
}

extension AtomicFile {
  private func openTemporary(permissions: mode_t?) throws(OutputFileError) {
    // New files get what the user's umask leaves; O_EXCL never follows a link that someone planted.
    for attempt in 0..<100 {
      let name = "\(folder)/.san-\(getpid())-\(UInt32.random(in: 0 ... .max))-\(attempt).tmp"
      let opened = Self.retrying { Self.open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
      if opened < 0 && errno == EEXIST { continue }
      guard opened >= 0 else { throw failure() }
      file = opened
      temporary = name
      if let permissions { fchmod(file, permissions) }
      return
    }
    throw failure()
  }

  private func failure() -> OutputFileError {
    let code = errno
    if code == ENOENT && access(folder, F_OK) == 0 {
      return .failed(path: path, reason: "the system makes no files in \(folder)")
    }
    return OutputFileError(code: code, path: path, folder: folder)
  }

  /// The file that a chain of symbolic links ends at, which need not exist; `nil` where it has no end.
  private static func following(_ path: String) -> String? {
    var path = path
    for _ in 0..<40 {
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = readlink(path, &buffer, buffer.count)
      guard count > 0, count < buffer.count else { return path }
      let link = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
      path = link.hasPrefix("/") ? link : "\(folder(of: path))/\(link)"
    }
    return nil
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func retrying<Number: FixedWidthInteger>(_ call: () -> Number) -> Number {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }

  // The members above hide the system's functions of the same names.
  private static func open(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
    systemOpen(path, flags, mode)
  }

  private static func write(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    systemWrite(file, bytes, count)
  }
}

private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
  open(path, flags, mode)
}

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(file, bytes, count)
}
