#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where everything goes that `segment` writes.
struct OutputPlan {
  let overlay: OutputFile
  let labels: OutputFile?
  let json: OutputFile?
  /// Whether the JSON goes to standard output.
  let printsJSON: Bool
  let maskFolder: String?
  let scores: OutputFile?

  /// Settles all paths for the photo at `image`.
  init(_ options: OutputOptions, image: String) throws {
    let name = "\(Path.stem(of: image)).segmented.png"
    let place = options.output ?? (image.contains("/") ? Path.join(Path.folder(of: image), name) : name)
    let isFolder = place.hasSuffix("/") || FileStatus(place)?.isFolder == true
    overlay = OutputFile(option: "--output", path: isFolder ? Path.join(place, name) : place)
    labels = options.labels.map { OutputFile(option: "--labels", path: $0) }
    printsJSON = options.json == "-"
    json = printsJSON ? nil : options.json.map { OutputFile(option: "--json", path: $0) }
    maskFolder = options.maskDir
    scores = options.scores.map { OutputFile(option: "--scores", path: $0) }
  }

  /// Checks, before any work is done, all that can go wrong with the outputs but a full disk.
  ///
  /// - Parameters:
  ///   - inputs: files that are read.
  ///   - masks: the names of the files in the masks' folder.
  func check(inputs: [String], masks: [String]) throws {
    let files = [overlay, labels, json, scores].compactMap { $0 }
    for file in files { try file.requireWritable() }
    try overlay.requireExtension("png", kind: "PNG picture")
    try labels?.requireExtension("png", kind: "PNG picture")
    try scores?.requireExtension("npy", kind: "NumPy array")
    var masksInFolder: [OutputFile] = []
    if let maskFolder {
      try checkMaskFolder(maskFolder)
      masksInFolder = masks.map { OutputFile(option: "--mask-dir", path: Path.join(maskFolder, $0)) }
    }
    try OutputFile.requireDistinct(files + masksInFolder, inputs: inputs)
  }

  /// A folder, or one that can be made in the nearest folder that exists.
  private func checkMaskFolder(_ folder: String) throws {
    guard !folder.isEmpty, !folder.utf8.contains(0) else {
      throw UsageError("--mask-dir", "the path is empty")
    }
    var nearest = folder
    while FileStatus(nearest) == nil, nearest != ".", nearest != "/" {
      while nearest.hasSuffix("/"), nearest != "/" { nearest.removeLast() }
      nearest = Path.folder(of: nearest)
    }
    guard FileStatus(nearest)?.isFolder == true else {
      throw PlaceError(path: folder, problem: "\(nearest) is not a folder; choose another place")
    }
    guard access(nearest, W_OK) == 0 else {
      let reason = String(cString: strerror(errno))
      throw PlaceError(
        path: folder, problem: "nothing can be made in \(nearest): \(reason); choose another place")
    }
  }
}
