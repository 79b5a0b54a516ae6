/// A file that cannot be opened or read, and why.
public enum FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The system does not open the file for reading.
  case cannotOpen(path: String, reason: String)
  /// The path leads to a folder, a device or a pipe.
  case notAFile(path: String)
  /// The file is larger than anything of its kind has reason to be.
  case tooLarge(path: String, byteCount: Int, limit: Int)
  /// The system does not hand out the file's bytes.
  case cannotRead(path: String, reason: String)

  /// One plain line: the file, what is wrong, and what to do where that is not plain.
  public var description: String {
    switch self {
    case .cannotOpen(let path, let reason): "\(path): cannot be opened: \(reason)"
    case .notAFile(let path): "\(path): is not a regular file"
    case .tooLarge(let path, let byteCount, let limit):
      "\(path): has \(byteCount) bytes; a file of this kind has at most \(limit)"
    case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
    }
  }
}
