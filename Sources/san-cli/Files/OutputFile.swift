import SANCore
import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that an option asks for, checked before any work is done for it.
struct OutputFile {
  /// The option that names it, for messages.
  let option: String
  let path: String
  /// Whether the folders that it lies in are made where they are missing.
  var makesFolder = false

  /// Whether it is no file but standard output.
  var isStandardOutput: Bool { path == "-" }

  /// Checks that the file can be made or replaced: its folder is there and can be written to. A pipe or a device, which
  /// is not replaced, has but to take what is written.
  func requireWritable() throws {
    try OptionError.naming(option) { try checkPlace() }
  }

  private func checkPlace() throws {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw UsageError(option, "the path is empty or not a path")
    }
    if let status = FileStatus(path) {
      guard !status.isFolder else { throw problem("is a folder; name a file in it") }
      guard access(path, W_OK) == 0 else { throw problem("may not be written to") }
      if !status.isRegular { return }
    } else if path.hasSuffix("/") {
      throw problem("is no folder; make it first")
    }
    let folder = Path.folder(of: path)
    guard let status = FileStatus(folder) else {
      if SystemError.isAddress(path) { throw PlaceError.address(path) }
      throw problem("the folder \(folder) does not exist; make it first")
    }
    guard status.isFolder else { throw problem("\(folder) is not a folder") }
    guard access(folder, W_OK) == 0 else {
      let reason = SystemError.text(errno)
      throw problem("no file can be made in \(folder): \(reason); choose another place")
    }
  }

  /// Makes the folder that the file goes to, where that is wanted.
  func makeFolder() throws {
    if makesFolder { try OutputFolder.make(Path.folder(of: path)) }
  }

  /// Checks that the file's name ends as its kind does.
  func requireExtension(_ allowed: String..., kind: String) throws {
    guard isStandardOutput || allowed.contains(where: { Path.has(path, extension: $0) }) else {
      let most = allowed.dropLast().map { ".\($0)" }.joined(separator: ", ")
      let ends = (most.isEmpty ? "" : "\(most) or ") + ".\(allowed.last ?? "")"
      throw UsageError(option, "\(path) is not a name for a \(kind): it has to end in \(ends)")
    }
  }

  private func problem(_ problem: String) -> PlaceError { PlaceError(path: path, problem: problem) }

  /// Checks that no two of `outputs` are one file and that none is one of `inputs`.
  static func requireDistinct(_ outputs: [OutputFile], inputs: [String]) throws {
    var inputFiles: [FileIdentity: String] = [:]
    for path in inputs {
      if let identity = FileIdentity(path) { inputFiles[identity] = path }
    }
    var taken: [FileIdentity: OutputFile] = [:]
    for output in outputs {
      guard let identity = FileIdentity(output.path) else { continue }
      if let input = inputFiles[identity] {
        throw UsageError(output.option, "\(output.path) is the input \(input); name another file")
      }
      if let other = taken.updateValue(output, forKey: identity) {
        throw UsageError(
          output.option, "\(output.path) is already written by \(other.option); name another file")
      }
    }
  }
}

/// An output that cannot be made.
struct PlaceError: ProgramError {
  let path: String
  let problem: String
  /// Whether nothing else could be made there either.
  var isOfFolder = false
  var description: String { "\(path): \(problem)" }
  var category: ErrorCategory { .cannotCreate }

  /// A place on a network.
  static func address(_ path: String) -> PlaceError {
    PlaceError(path: path, problem: "nothing is sent to addresses: name a place on this machine")
  }
}

/// A folder that an option asks for.
struct OutputFolder {
  /// The option that names it, for messages.
  let option: String
  let path: String
  /// Whether it may be the photos' own: what goes there is never taken for one.
  var isAmongPhotos = false

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
    if nearest == ".", SystemError.isAddress(path) { throw PlaceError.address(path) }
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
    let isOfFolder = [ENOSPC, EDQUOT, EROFS, EACCES, EPERM].contains(code)
    throw PlaceError(path: path, problem: "cannot be made: \(reason)", isOfFolder: isOfFolder)
  }

  /// Makes the folder at `path` and those it lies in, as far as they are missing.
  static func make(_ path: String) throws {
    var made: [String] = []
    try make(path, made: &made)
  }
}
