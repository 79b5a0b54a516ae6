import SANInference

/// Where everything goes that `segment` writes of a video, checked before any work is done.
struct VideoPlan {
  /// The clip with its classes laid over it; nil where none is wanted.
  let output: OutputFile?
  /// The folder of the frames' label maps.
  let labels: OutputFile?
  /// The clip's name without its extension: the frames are called after it.
  private let stem: String

  /// - Parameters:
  ///   - clip: the clip's path.
  ///   - inputs: other files that are read.
  ///   - dataSet: the data set of all frames.
  ///   - overwrites: whether files that are there are replaced.
  init(_ options: OutputOptions, clip: String, inputs: [String], dataSet: OutputFile?, overwrites: Bool)
    throws
  {
    stem = Path.stem(of: clip)
    labels = options.labels.map { OutputFile(option: "--labels", path: $0) }
    output = options.noOverlay ? nil : VideoPlan.output(options.output, clip: clip, stem: stem)
    guard output != nil || labels != nil || dataSet != nil else {
      throw UsageError("--no-overlay", "leaves nothing to write; name --labels or --coco")
    }
    if let output {
      guard !output.isStandardOutput else {
        throw UsageError("--output", "a video is not written to standard output; name a file")
      }
      try output.requireExtension("mp4", "m4v", "mov", "mkv", kind: "video")
      try output.requireWritable()
      if FileStatus(output.path)?.isRegular == false {
        throw UsageError("--output", "\(output.path) is no file, which a video needs; name a file")
      }
    }
    if let labels {
      guard labels.path != "-" else {
        throw UsageError("--labels", "the frames' label maps do not go to standard output; name a folder")
      }
      if FileStatus(labels.path) == nil, Path.has(labels.path, extension: "png") {
        throw UsageError(
          "--labels", "\(labels.path) is a name for a file, but each frame has one; name a folder")
      }
      try OutputFolder(option: "--labels", path: labels.path).requireWritable()
    }
    let files = [output, dataSet].compactMap { $0 }
    try OutputFile.requireDistinct(files, inputs: [clip] + inputs)
    guard !overwrites else { return }
    for file in files where FileStatus(file.path)?.isRegular == true {
      throw ExistingFileError(option: file.option, path: file.path)
    }
    if let labels, let map = try existingMap(in: labels.path) {
      throw ExistingFileError(option: labels.option, path: map)
    }
  }

  /// The file that is asked for; in a folder, or beside the clip where none is asked for, one that is named after the clip.
  private static func output(_ path: String?, clip: String, stem: String) -> OutputFile {
    let name = "\(stem).segmented.mp4"
    let place: String
    if let path {
      place = path.hasSuffix("/") || FileStatus(path)?.isFolder == true ? Path.join(path, name) : path
    } else {
      place = clip.contains("/") ? Path.join(Path.folder(of: clip), name) : name
    }
    return OutputFile(option: "--output", path: place)
  }

  /// The name of a frame's files, such as `clip-000012.png`.
  func name(ofFrame number: Int) -> String {
    let digits = String(number)
    return "\(stem)-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).png"
  }

  /// A label map of a clip of this name that is in the folder.
  private func existingMap(in folder: String) throws -> String? {
    guard FileStatus(folder) != nil else { return nil }
    let names = try FolderEntry.all(in: folder).map(\.name).filter { name in
      guard name.hasPrefix("\(stem)-"), name.hasSuffix(".png") else { return false }
      return Int(name.dropFirst(stem.count + 1).dropLast(4)).map { self.name(ofFrame: $0) } == name
    }
    return names.min().map { Path.join(folder, $0) }
  }
}

/// A file that is there, where a video's output would go.
struct ExistingFileError: ProgramError {
  let option: String
  let path: String
  var description: String {
    "\(option): \(path): exists and is left as it is; name another place, or give --overwrite, which replaces it"
  }
  var category: ErrorCategory { .cannotCreate }
}
