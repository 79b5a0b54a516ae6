import SANCore
import SANInference

/// One of many images to be segmented.
struct InputImage: Hashable {
  /// The path that it is read from.
  let path: String
  /// Its path below the folder that all inputs have in common: where its outputs go below their folders.
  let place: String
}

/// What a command line names as its images.
struct ImageInputs {
  /// Files, folders, patterns, or `-` for standard input.
  let arguments: [String]
  /// A file that lists images, or `-` for standard input.
  let list: String?
  /// Patterns of what is left out, as ``GlobPattern/path(_:endsAs:)`` takes them.
  var excludes: [String] = []

  /// The one image that is meant; nil where there may be several: a folder, a pattern, a list, or several arguments.
  var single: String? {
    guard list == nil, arguments.count == 1, let path = arguments.first else { return nil }
    if let status = FileStatus(path) { return status.isFolder ? nil : path }
    return GlobPattern(path) == nil ? path : nil
  }

  /// Why there may be several images, for a message; nil where ``single`` is the one.
  var severalBecause: String? {
    if list != nil { return "--list may name several photos" }
    if let folder = folders.first { return "\(folder) is a folder of photos" }
    if arguments.count > 1 {
      return "\(arguments.count.grouped) photos are named (\(arguments[0]), \(arguments[1])"
        + (arguments.count > 2 ? ", …)" : ")")
    }
    return single == nil ? "\(arguments.first ?? "-") is a pattern" : nil
  }

  /// The folders among the arguments.
  var folders: [String] { arguments.filter { FileStatus($0)?.isFolder == true } }

  /// All images, each once: in the order of the arguments, those of a folder or pattern by the bytes of their paths,
  /// those of the list last and in its order. A path that leads to nothing counts as an image, which will fail by itself.
  /// With them comes what was found in folders and is not taken for an image.
  ///
  /// - Parameter skipped: folders that are not searched when they lie in a folder that is.
  /// - Throws: ``UsageError``, ``NoImagesError``, ``FolderError``, or `FileError`.
  func images(skipping skipped: Set<FileIdentity>) throws -> (images: [InputImage], leftOut: LeftOut) {
    var sources: [Source] = []
    var leftOut = LeftOut(excluding: excludes)
    for argument in arguments {
      guard argument != "-" else {
        throw UsageError("<image>", "- is one image from standard input and cannot stand beside others")
      }
      sources.append(try ImageInputs.search(argument, skipping: skipped, leftOut: &leftOut))
    }
    if let list {
      let paths = try OptionError.naming("--list") { try PathList.read(list) }
      for path in paths.map(Path.local) {
        let isFolder = FileStatus(path)?.isFolder == true
        sources.append(
          isFolder
            ? try ImageInputs.search(path, skipping: skipped, leftOut: &leftOut)
            : ImageInputs.file(path, &leftOut))
      }
    }
    let images = try ImageInputs.placed(sources)
    guard !images.isEmpty else {
      throw NoImagesError(place: "--exclude", problem: "leaves out every photo", leftOut: leftOut)
    }
    return (images, leftOut)
  }

  /// Files that one argument stands for.
  private struct Source {
    /// The folder that ``files`` are paths from.
    let folder: String
    let files: [String]

    init(folder: String, files: [String]) { (self.folder, self.files) = (folder, files) }

    /// The path of a file, as short as it was given.
    func path(_ file: String) -> String { folder == "." ? file : Path.join(folder, file) }
  }

  /// The file at `path`, which is named by itself.
  private static func file(_ path: String, _ leftOut: inout LeftOut) -> Source {
    let folder = path.contains("/") ? Path.folder(of: path) : "."
    return Source(folder: folder, files: leftOut.isExcluded(path) ? [] : [Path.name(of: path)])
  }

  private static func search(
    _ argument: String, skipping skipped: Set<FileIdentity>, leftOut: inout LeftOut
  ) throws -> Source {
    if let status = FileStatus(argument) {
      guard status.isFolder else { return file(argument, &leftOut) }
      var folder = argument
      while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
      let files = try FileTree.files(
        in: folder, skipping: skipped, entering: { leftOut.isEntered($0) },
        unreadable: { leftOut.add($0) },
        where: { leftOut.isTaken($0, isPicture: PictureFile.isPicture($0)) })
      guard !files.isEmpty else {
        throw NoImagesError(place: argument, problem: "the folder holds no photo", leftOut: leftOut)
      }
      return Source(folder: folder, files: files)
    }
    guard let pattern = GlobPattern(argument) else { return file(argument, &leftOut) }
    let files = try pattern.files(
      skipping: skipped, entering: { leftOut.isEntered($0) }, unreadable: { leftOut.add($0) },
      where: {
        leftOut.isTaken($0, isPicture: PictureFile.hasPictureName($0) || PictureFile.startsAsPicture($0))
      })
    guard !files.isEmpty else {
      let isAddress = SystemError.isAddress(argument)
      throw NoImagesError(
        place: argument,
        problem: isAddress ? "addresses are not fetched: download the photos" : "no photo matches",
        leftOut: leftOut)
    }
    return Source(folder: pattern.folder, files: files)
  }

  /// Gives each image its place and leaves out what was there before.
  private static func placed(_ sources: [Source]) throws -> [InputImage] {
    let sources = sources.filter { !$0.files.isEmpty }
    // Bytes tell names apart that Swift takes for the same text.
    var origins: [[UInt8]: [String]] = [:]
    for source in sources where origins[Array(source.folder.utf8)] == nil {
      origins[Array(source.folder.utf8)] = try Path.absoluteParts(of: source.folder)
    }
    var common = origins.values.first ?? []
    for parts in origins.values {
      common = zip(common, parts).prefix { $0.0.utf8.elementsEqual($0.1.utf8) }.map(\.0)
    }
    var taken: Set<[UInt8]> = []
    var images: [InputImage] = []
    for source in sources {
      let below = (origins[Array(source.folder.utf8)] ?? []).dropFirst(common.count)
      for file in source.files {
        let place = (below + [file]).joined(separator: "/")
        if taken.insert(Array(place.utf8)).inserted {
          images.append(InputImage(path: source.path(file), place: place))
        }
      }
    }
    return images
  }
}

/// A place where images were looked for and none is.
struct NoImagesError: ProgramError {
  let place: String
  let problem: String
  let leftOut: LeftOut
  var description: String {
    let unreadable = leftOut.unreadable.map { "\($0)" }
    let leftOut = leftOut.lines.isEmpty ? [] : ["left out: \(leftOut.lines.joined(separator: "; "))"]
    let more = unreadable + leftOut
    return "\(place): \(problem)\(more.isEmpty ? "" : " (\(more.joined(separator: "; ")))")"
  }
  var category: ErrorCategory { .notFound }
}
