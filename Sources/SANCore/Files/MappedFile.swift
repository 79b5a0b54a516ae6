#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A whole file as read-only memory: pages are read when first touched, and shared with other processes.
///
/// The file must not be shortened while it is mapped; the system ends a process that reads past the new end.
public final class MappedFile: @unchecked Sendable {
  /// The path as given, or what errors call the file in its place.
  public let path: String
  /// The file's size in bytes.
  public let byteCount: Int
  private let base: UnsafeMutableRawPointer?
  private let isMapped: Bool

  /// Maps the regular file at `path`, following symbolic links.
  ///
  /// - Throws: ``FileError``.
  public convenience init(path: String) throws { try self.init(path: path, name: path) }

  /// Maps the file at `path`, which errors call `name` once it is open.
  package init(path: String, name: String) throws {
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    let file: FileDescriptor
    do { file = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK) } catch {
      throw FileError.cannotOpen(path: path, reason: error.text(opening: path))
    }
    let status: stat
    do { status = try file.status() } catch { throw FileError.cannotRead(path: path, reason: error.text) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError.notAFile(path: path) }
    self.path = name
    isMapped = true
    byteCount = Int(status.st_size)
    guard byteCount > 0 else {  // an empty mapping is an error of mmap's
      base = nil
      return
    }
    base = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, file.number, 0)
    guard base != MAP_FAILED else { throw FileError.cannotRead(path: path, reason: SystemError().text) }
  }

  /// A copy of `bytes` in memory instead of a file; `path` is what errors call it.
  package init(copying bytes: [UInt8], path: String) {
    self.path = path
    isMapped = false
    byteCount = bytes.count
    base = bytes.isEmpty ? nil : .allocate(byteCount: bytes.count, alignment: MemoryLayout<Double>.alignment)
    base?.copyMemory(from: bytes, byteCount: bytes.count)
  }

  deinit {
    guard let base else { return }
    if isMapped { munmap(base, byteCount) } else { base.deallocate() }
  }

  /// All bytes of the file, valid as long as this object is alive.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }

  /// Gives the memory of `range` back to the system; what is read again comes from the file again.
  package func discard(_ range: UnsafeRawBufferPointer) {
    guard isMapped, let base, let start = range.baseAddress else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let first = (UnsafeRawPointer(base).distance(to: start) + page - 1) / page * page
    let last = (UnsafeRawPointer(base).distance(to: start) + range.count) / page * page
    precondition(first >= 0 && last <= byteCount, "a part of the file")
    if first < last { madvise(base + first, last - first, MADV_DONTNEED) }
  }

  /// Copies the bytes of a small text file.
  ///
  /// - Throws: ``FileError``; `tooLarge` for more than `limit` bytes.
  package static func contents(of path: String, limit: Int) throws -> [UInt8] {
    let file = try MappedFile(path: path)
    guard file.byteCount <= limit else {
      throw FileError.tooLarge(path: path, byteCount: file.byteCount, limit: limit)
    }
    return withExtendedLifetime(file) { Array(file.bytes) }
  }
}
