#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What makes two paths lead to one file.
enum FileIdentity: Hashable {
  /// A file that exists, links followed.
  case existing(device: UInt64, number: UInt64)
  /// A file that does not exist yet: its folder, and its name in it as ``Path/key(_:)`` has it.
  case new(device: UInt64, folder: UInt64, name: String)

  /// Nil where not even the folder exists.
  init?(_ path: String) {
    if let status = FileStatus(path) {
      self = status.identity
    } else if let folder = FileStatus(Path.folder(of: path)) {
      self = .new(device: folder.device, folder: folder.number, name: Path.key(Path.name(of: path)))
    } else {
      return nil
    }
  }
}

/// What the system says of a path, links followed.
struct FileStatus {
  let device: UInt64
  let number: UInt64
  let isFolder: Bool
  let isRegular: Bool
  let byteCount: Int
  /// When it was last written, in nanoseconds since 1970.
  let writeTime: Int

  /// What changes when the file is written again: bytes and time.
  var stamp: String { "\(byteCount)@\(writeTime)" }

  /// What makes two paths lead to this file.
  var identity: FileIdentity { .existing(device: device, number: number) }

  /// Nil where nothing is there.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(truncatingIfNeeded: status.st_dev)
    number = UInt64(truncatingIfNeeded: status.st_ino)
    isFolder = status.st_mode & S_IFMT == S_IFDIR
    isRegular = status.st_mode & S_IFMT == S_IFREG
    byteCount = Int(status.st_size)
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    writeTime = time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
