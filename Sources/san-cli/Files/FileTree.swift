import SANCore
import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The files below a folder.
enum FileTree {
  /// The files below `folder` as paths from it, such as `2024/june/a.jpg`, in the order of their bytes.
  ///
  /// Hidden files and folders do not count. Links are followed; a folder that leads back to one that it lies in is not
  /// gone into again. A link to nothing counts as a file, so that whoever opens it says so.
  ///
  /// - Parameters:
  ///   - skipped: folders below it that are not gone into.
  ///   - enters: whether another folder below it, at a path, is gone into.
  ///   - isWanted: whether the file at a path, `folder` included, counts.
  /// - Throws: ``FolderError``, also for a folder below that cannot be read.
  static func files(
    in folder: String, skipping skipped: Set<FileIdentity> = [],
    entering enters: (_ path: String) -> Bool = { _ in true },
    where isWanted: (_ path: String) throws -> Bool = { _ in true }
  ) throws -> [String] {
    var found: [String] = []
    func walk(_ path: String, _ place: String, above: Set<FileIdentity>) throws {
      try Interruption.check()
      for entry in try FolderEntry.all(in: path) where !entry.isHidden {
        let inner = Path.join(path, entry.name)
        let innerPlace = place.isEmpty ? entry.name : "\(place)/\(entry.name)"
        if let identity = entry.folder {
          guard !above.contains(identity), !skipped.contains(identity), enters(inner) else { continue }
          try walk(inner, innerPlace, above: above.union([identity]))
        } else if entry.isFile, try isWanted(inner) {
          found.append(innerPlace)
        }
      }
    }
    let top: Set<FileIdentity> = FileIdentity(folder).map { [$0] } ?? []
    try walk(folder, "", above: top)
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

/// What a folder holds under one name.
struct FolderEntry {
  /// Bytes that are not UTF-8 are U+FFFD here, and the name leads to nothing.
  let name: String
  /// Which folder it is, links followed; nil where it is none.
  let folder: FileIdentity?
  /// Whether it is a regular file, or a link to nothing.
  let isFile: Bool

  /// Whether listings leave it out.
  var isHidden: Bool { name.hasPrefix(".") }

  /// Everything in the folder at `path` but itself and its parent, in no order.
  ///
  /// - Throws: ``FolderError``.
  static func all(in path: String) throws -> [FolderEntry] {
    guard let stream = opendir(path) else { throw FolderError(path: path, code: errno) }
    defer { closedir(stream) }
    var entries: [FolderEntry] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      let status = FileStatus(Path.join(path, name))
      let isFolder = status?.isFolder == true
      entries.append(
        FolderEntry(
          name: name, folder: isFolder ? status.map(\.identity) : nil, isFile: status?.isRegular ?? true))
    }
    guard errno == 0 else { throw FolderError(path: path, code: errno) }
    return entries
  }
}

/// A folder that cannot be read.
struct FolderError: ProgramError {
  let path: String
  let code: Int32
  var description: String { "\(path): the folder cannot be read: \(SystemError.text(code))" }
  var category: ErrorCategory { code == EIO ? .inputOutput : .notFound }
}
