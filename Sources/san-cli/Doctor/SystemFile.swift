#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Files that the kernel makes up: they have no size and cannot be mapped.
enum SystemFile {
  /// The first 64 kB of the file at `path`; nil where it cannot be read.
  static func text(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(descriptor, &buffer, buffer.count)
    return count >= 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }
}

/// What can be done in a folder.
enum FolderState: String {
  case writable
  case readOnly = "read-only"
  /// It is not there, and can be made.
  case missing = "made when needed"
  /// It is not there and cannot be made, or is no folder.
  case unusable

  init(_ path: String) {
    if let status = FileStatus(path) {
      self = !status.isFolder ? .unusable : access(path, W_OK) == 0 ? .writable : .readOnly
      return
    }
    var folder = Path.folder(of: path)
    while FileStatus(folder) == nil, folder != Path.folder(of: folder) { folder = Path.folder(of: folder) }
    self = FileStatus(folder)?.isFolder == true && access(folder, W_OK) == 0 ? .missing : .unusable
  }
}
