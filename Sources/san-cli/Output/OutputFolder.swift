import SANCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A folder that an option asks for.
struct OutputFolder {
  /// The option that names it, for messages.
  let option: String
  let path: String

  /// Checks that files can be made in the folder, or the folder in the nearest that exists.
  func requireWritable() throws {
    try OptionError.naming(option) { try checkPlace() }
  }

  private func checkPlace() throws {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw UsageError(option, "the path is empty") }
    var nearest = path
    while FileStatus(nearest) == nil, nearest != ".", nearest != "/" {
      while nearest.hasSuffix("/"), nearest != "/" { nearest.removeLast() }
      nearest = Path.folder(of: nearest)
    }
    guard FileStatus(nearest)?.isFolder == true else {
      let subject = nearest == path ? "" : "\(nearest) "
      throw PlaceError(path: path, problem: "\(subject)is not a folder; choose another place")
    }
    guard access(nearest, W_OK) == 0 else {
      let reason = SystemError.text(errno)
      throw PlaceError(
        path: path, problem: "nothing can be made in \(nearest): \(reason); choose another place")
    }
  }

  /// Makes the folder at `path` and those it lies in, as far as they are missing.
  ///
  /// - Parameter made: takes the paths of those that were.
  static func make(_ path: String, made: inout [String]) throws {
    var folder = path
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    if FileStatus(folder)?.isFolder == true { return }
    let parent = Path.folder(of: folder)
    if parent != folder { try make(parent, made: &made) }
    if mkdir(folder, 0o777) == 0 { return made.append(folder) }
    let code = errno
    // Another thread or program may have been first.
    if FileStatus(folder)?.isFolder == true { return }
    let reason = code == EEXIST ? "a file is in its place" : SystemError.text(code)
    throw PlaceError(path: path, problem: "cannot be made: \(reason)")
  }

  /// Makes the folder at `path` and those it lies in, as far as they are missing.
  static func make(_ path: String) throws {
    var made: [String] = []
    try make(path, made: &made)
  }
}
