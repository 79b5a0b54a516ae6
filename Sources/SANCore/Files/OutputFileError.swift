#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Why an output file could not be written. Every case names the path and the way out, in one line.
public enum OutputFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The folder that the file should go to does not exist.
  case folderMissing(path: String, folder: String)
  /// The file or its folder may not be written to.
  case notPermitted(path: String)
  /// The file system is mounted read-only.
  case readOnly(path: String)
  /// The disk or the user's quota is full. Nothing was left behind.
  case diskFull(path: String)
  /// The path is a folder.
  case isFolder(path: String)
  /// The path is a pipe or a device, which cannot take data out of order.
  case notSeekable(path: String)
  /// Anything else, in the system's words.
  case failed(path: String, reason: String)

  /// The error in one line.
  public var description: String {
    switch self {
    case .folderMissing(let path, let folder):
      "\(path): the folder \(folder) does not exist; make it first"
    case .notPermitted(let path):
      "\(path): may not be written to; choose another place or change its permissions"
    case .readOnly(let path):
      "\(path): lies on a read-only file system; choose another place"
    case .diskFull(let path):
      "\(path): no space left on the disk (nothing was written); free some or choose another place"
    case .isFolder(let path):
      "\(path): is a folder; name a file in it"
    case .notSeekable(let path):
      "\(path): is a pipe or device, and this output is written out of order; name a file"
    case .failed(let path, let reason):
      "\(path): cannot be written: \(reason)"
    }
  }

  /// The error that the system gives as `code`.
  package init(code: Int32, path: String, folder: String) {
    switch code {
    case ENOENT, ENOTDIR: self = .folderMissing(path: path, folder: folder)
    case EACCES, EPERM: self = .notPermitted(path: path)
    case EROFS: self = .readOnly(path: path)
    case ENOSPC, EDQUOT, EFBIG: self = .diskFull(path: path)
    case EISDIR: self = .isFolder(path: path)
    case ESPIPE: self = .notSeekable(path: path)
    default: self = .failed(path: path, reason: SystemError.text(code))
    }
  }
}
