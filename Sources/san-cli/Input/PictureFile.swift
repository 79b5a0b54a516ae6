import SANCore
import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which files of a folder are taken for pictures.
enum PictureFile {
  /// Endings of names, in letters of either case.
  static let extensions = ImageFormat.allCases.flatMap(\.endings)

  /// Whether the file is named as a picture, or has no extension and starts as one does.
  static func isPicture(_ path: String) -> Bool {
    hasPictureName(path) || (Path.stem(of: path) == Path.name(of: path) && startsAsPicture(path))
  }

  static func hasPictureName(_ path: String) -> Bool { extensions.contains { Path.has(path, extension: $0) } }

  /// Checks that a file has the name by which it is called: of one that is not UTF-8 the system's bytes are lost, so that
  /// nothing is found.
  static func requireName(_ path: String) throws {
    if isNameless(path) { throw NameEncodingError(path: path) }
  }

  /// Whether signs stand in a name for bytes that are not UTF-8.
  static func isNameless(_ path: String) -> Bool {
    path.unicodeScalars.contains("\u{FFFD}") && FileStatus(path) == nil
  }

  /// Whether the file can be read and starts as a picture does, whatever its name.
  static func startsAsPicture(_ path: String) -> Bool {
    let start = try? FileDescriptor.open(path, O_RDONLY).read(upTo: ImageFormat.headBytes)
    return start.map { ImageFormat(firstBytes: $0) != nil } ?? false
  }
}

/// A file whose name is not UTF-8.
struct NameEncodingError: ProgramError {
  let path: String
  var description: String { "\(path): its name is not UTF-8; rename it" }
  var category: ErrorCategory { .notFound }
}
