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
  /// Hidden files and folders do not count. Links are followed, but no folder is gone into twice: where it lies comes before
  /// links that lead to it, and of these the first in the order of their bytes. A link to nothing counts as a file, so that
  /// whoever opens it says so.
  ///
  /// - Parameters:
  ///   - skipped: folders below it that are not gone into.
  ///   - enters: whether another folder below it, at a path, is gone into.
  ///   - leaveOut: takes the error of a folder below that cannot be read, of which nothing counts; throws it on where that
  ///     is not wanted.
  ///   - isWanted: whether the file at a path, `folder` included, counts.
  /// - Throws: ``FolderError`` where `folder` cannot be read, and what `leaveOut` throws.
  static func files(
    in folder: String, skipping skipped: Set<FileIdentity> = [],
    entering enters: (_ path: String) -> Bool = { _ in true },
    unreadable leaveOut: (FolderError) throws -> Void = { throw $0 },
    where isWanted: (_ path: String) throws -> Bool = { _ in true }
  ) throws -> [String] {
    var found: [String] = []
    var seen = skipped
    if let top = FileIdentity(folder) { seen.insert(top) }
    // Folders that are linked to wait until all that lie here have been seen.
    var links: [(identity: FileIdentity, path: String, place: String)] = []
    func walk(_ path: String, _ place: String) throws {
      try Interruption.check()
      let entries: [FolderEntry]
      do {
        entries = try FolderEntry.all(in: path)
      } catch let error as FolderError where !place.isEmpty {
        return try leaveOut(error)
      }
      for entry in entries where !entry.isHidden {
        let inner = Path.join(path, entry.name)
        let innerPlace = place.isEmpty ? entry.name : "\(place)/\(entry.name)"
        if let identity = entry.folder {
          if entry.isLink {
            links.append((identity, inner, innerPlace))
          } else if seen.insert(identity).inserted, enters(inner) {
            try walk(inner, innerPlace)
          }
        } else if entry.isFile, try isWanted(inner) {
          found.append(innerPlace)
        }
      }
    }
    try walk(folder, "")
    while !links.isEmpty {
      let next = links.sorted { $0.place.utf8.lexicographicallyPrecedes($1.place.utf8) }
      links = []
      for link in next where seen.insert(link.identity).inserted && enters(link.path) {
        try walk(link.path, link.place)
      }
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

/// What a folder holds under one name.
struct FolderEntry {
  /// Bytes that are not UTF-8 are U+FFFD here, and the name leads to nothing.
  let name: String
  /// Which folder it is, links followed; nil where it is none.
  let folder: FileIdentity?
  /// Whether it is a link.
  let isLink: Bool
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
      let inner = Path.join(path, name)
      let status = FileStatus(inner)
      let isFolder = status?.isFolder == true
      var target: CChar = 0
      entries.append(
        FolderEntry(
          name: name, folder: isFolder ? status.map(\.identity) : nil,
          isLink: readlink(inner, &target, 1) >= 0,
          isFile: status?.isRegular ?? true))
    }
    guard errno == 0 else { throw FolderError(path: path, code: errno) }
    return entries
  }
}

/// A folder that cannot be read.
struct FolderError: ProgramError, Equatable {
  let path: String
  let code: Int32
  var description: String {
    "\(path): the folder cannot be read: \(SystemError(code: code).text(opening: path))"
  }
  var category: ErrorCategory { code == EIO ? .inputOutput : .notFound }
}
