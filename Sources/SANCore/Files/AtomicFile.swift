import Synchronization

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
  private let file: FileDescriptor

  /// Opens a temporary file next to `path`.
  ///
  /// - Throws: ``OutputFileError``, before anything is made.
  public init(_ path: String) throws(OutputFileError) {
    self.path = path
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
    do throws(SystemError) {
      if exists && access(target, W_OK) != 0 { throw SystemError() }
      if exists && kind != S_IFREG {
        file = try FileDescriptor.open(target, O_WRONLY)
      } else {
        let (file, name) = try Self.temporary(in: folder)
        if exists { fchmod(file.number, status.st_mode & 0o777) }
        (self.file, temporary) = (file, name)
      }
    } catch {
      throw Self.failure(error, path: path, folder: folder)
    }
  }

  deinit {
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

  /// The file that grows until it is committed, for a program that this one has write it; nil for a pipe or device.
  package var temporaryPath: String? { temporary }

  /// Appends bytes.
  ///
  /// - Throws: ``OutputFileError`` where the disk does not take them.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(OutputFileError) {
    do { try file.write(bytes) } catch { throw failure(error) }
  }

  /// Writes bytes at `offset` from the file's start, wherever the last ones went; what is never written is
  /// zero. ``OutputFileError/notSeekable(path:)`` where the destination is a pipe or device.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(OutputFileError) {
    precondition(offset >= 0, "an offset from the start")
    do { try file.write(bytes, at: offset) } catch { throw failure(error) }
  }

  /// Makes the file appear at its destination. Call once, last.
  ///
  /// - Parameter durable: whether to wait until the disk has it, some ten milliseconds, so that it is whole even after a
  ///   power cut. A crash of the program alone never leaves a part.
  /// - Throws: ``OutputFileError``; what was there before stays, and the temporary file is gone.
  public func commit(durable: Bool = true) throws(OutputFileError) {
    defer {
      if let temporary { unlink(temporary) }
      temporary = nil
    }
    do throws(SystemError) {
      guard let name = temporary else { return try file.close() }
      if durable { try file.synchronize() }
      // The lock must outlive the temporary name: a program that looks for abandoned files would take it for one.
      let lock = try file.duplicate()
      try file.close()
      guard rename(name, target) == 0 else { throw SystemError() }
      withExtendedLifetime(lock) {}
    } catch {
      throw failure(error)
    }
    temporary = nil
    // The rename itself reaches the disk with the folder; where folders cannot be synced there is no more to be done.
    if durable { try? FileDescriptor.open(folder, O_RDONLY).synchronize() }
  }
}

extension AtomicFile {
  private static let prefix = ".san-"
  private static let suffix = ".tmp"
  /// Folders in which this process has looked for what others left.
  private static let cleaned = Mutex<Set<String>>([])

  /// Makes a file of a name of its own in `folder`, and the first time there removes those of programs that were killed.
  ///
  /// A temporary file is locked as long as its program runs, wherever that is: one that can be locked is nobody's.
  private static func temporary(in folder: String) throws(SystemError) -> (FileDescriptor, name: String) {
    if cleaned.withLock({ $0.insert(folder).inserted }) { removeAbandoned(in: folder) }
    for attempt in 0..<100 {
      let number = UInt32.random(in: 0 ... .max)
      let name = "\(folder)/\(prefix)\(getpid())-\(number)-\(attempt)\(suffix)"
      do {
        // O_EXCL never follows a link that someone planted.
        let file = try FileDescriptor.open(name, O_WRONLY | O_CREAT | O_EXCL)
        // Some file systems have no locks; there nothing is removed either. Between the two calls another program may have
        // taken the file for abandoned.
        if (try? file.lock()) == false { continue }
        if try file.status().st_nlink == 0 { continue }
        return (file, name)
      } catch  where error.code == EEXIST {
        continue
      }
    }
    throw SystemError(code: EEXIST)
  }

  /// Removes the temporary files in `folder` whose programs have ended without doing so.
  private static func removeAbandoned(in folder: String) {
    guard let stream = opendir(folder) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      // A process, a random number and an attempt.
      let parts = name.dropFirst(prefix.count).dropLast(suffix.count).split(separator: "-")
      guard name.hasPrefix(prefix), name.hasSuffix(suffix), parts.count == 3,
        parts.allSatisfy({ UInt32($0) != nil })
      else { continue }
      let path = "\(folder)/\(name)"
      guard let file = try? FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
        (try? file.lock()) == true
      else { continue }
      unlink(path)
    }
  }

  private func failure(_ error: SystemError) -> OutputFileError {
    Self.failure(error, path: path, folder: folder)
  }

  private static func failure(_ error: SystemError, path: String, folder: String) -> OutputFileError {
    if error.code == ENOENT && access(folder, F_OK) == 0 {
      return .failed(path: path, reason: "the system makes no files in \(folder)")
    }
    return OutputFileError(code: error.code, path: path, folder: folder)
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
}
