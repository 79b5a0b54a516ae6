#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where everything goes that `segment` writes of one image.
struct OutputPlan {
  let overlay: OutputFile?
  let labels: OutputFile?
  let json: OutputFile?
  let maskFolder: String?
  let scores: OutputFile?

  /// The outputs of the only photo, at `image`: each option names its file.
  init(_ options: OutputOptions, image: String) {
    overlay = OutputPlan.overlayPath(options, image: image).map { OutputFile(option: "--output", path: $0) }
    labels = options.labels.map { OutputFile(option: "--labels", path: $0) }
    json = options.json.map { OutputFile(option: "--json", path: $0) }
    maskFolder = options.maskDir
    scores = options.scores.map { OutputFile(option: "--scores", path: $0) }
  }

  private static func overlayPath(_ options: OutputOptions, image: String) -> String? {
    if options.noOverlay || options.output == "-" { return options.output }
    if image == "-", options.output == nil { return options.printed.isEmpty ? "-" : nil }
    let name = "\(image == "-" ? "stdin" : Path.stem(of: image)).segmented.png"
    let place = options.output ?? (image.contains("/") ? Path.join(Path.folder(of: image), name) : name)
    let isFolder = place.hasSuffix("/") || FileStatus(place)?.isFolder == true
    return isFolder ? Path.join(place, name) : place
  }

  /// The outputs of one of several photos: each option names a folder.
  ///
  /// - Parameter name: the photo's own name below those folders, without an extension.
  init(_ options: OutputOptions, name: String) {
    func file(_ option: String, _ folder: String?, _ end: String) -> OutputFile? {
      folder.map { OutputFile(option: option, path: Path.join($0, name + end), makesFolder: true) }
    }
    overlay = file("--output", options.overlayFolder, ".segmented.png")
    labels = file("--labels", options.labels, ".png")
    json = file("--json", options.json, ".json")
    maskFolder = options.maskDir.map { Path.join($0, name) }
    scores = file("--scores", options.scores, ".npy")
  }

  /// All files that are named; the masks' folder aside.
  var files: [OutputFile] { [overlay, labels, json, scores].compactMap { $0 } }

  /// All paths that are written, the masks' folder as one of them.
  var paths: [String] {
    files.filter { !$0.isStandardOutput }.map(\.path) + (maskFolder.map { [$0] } ?? [])
  }

  /// Checks, before any work is done, all that can go wrong with the only photo's outputs but a full disk.
  ///
  /// - Parameters:
  ///   - inputs: files that are read.
  ///   - masks: the names of the files in the masks' folder.
  func check(inputs: [String], masks: [String]) throws {
    try checkStandardOutput()
    let files = files.filter { !$0.isStandardOutput }
    for file in files { try file.requireWritable() }
    try overlay?.requireExtension("png", kind: "PNG picture")
    try labels?.requireExtension("png", kind: "PNG picture")
    try scores?.requireExtension("npy", kind: "NumPy array")
    var masksInFolder: [OutputFile] = []
    if let maskFolder {
      try OutputFolder(option: "--mask-dir", path: maskFolder).requireWritable()
      masksInFolder = masks.map { OutputFile(option: "--mask-dir", path: Path.join(maskFolder, $0)) }
    }
    try OutputFile.requireDistinct(files + masksInFolder, inputs: inputs)
  }

  /// One output at most goes to standard output, and a picture not to a terminal.
  private func checkStandardOutput() throws {
    let printed = files.filter(\.isStandardOutput)
    if printed.count > 1 {
      throw UsageError(
        printed[1].option, "standard output is already taken by \(printed[0].option); name a file")
    }
    if let scores, scores.isStandardOutput {
      throw UsageError(scores.option, "an array is not written to standard output; name a file")
    }
    if let picture = printed.first, picture.option != "--json", isatty(STDOUT_FILENO) == 1 {
      throw UsageError(
        picture.option,
        "standard output is a terminal, which shows no picture; send it to a file or a program")
    }
  }
}

extension OutputOptions {
  /// The options beside `--output` that ask for standard output.
  var printed: [String] { [labels, json, scores].compactMap { $0 }.filter { $0 == "-" } }

  /// The folder of several photos' overlays.
  var overlayFolder: String? { noOverlay ? nil : output ?? "segmented" }

  /// The folders that several photos' outputs go to, in a fixed order.
  var folders: [OutputFolder] {
    [
      ("--output", overlayFolder), ("--labels", labels), ("--json", json), ("--mask-dir", maskDir),
      ("--scores", scores),
    ].compactMap { option, path in path.map { OutputFolder(option: option, path: $0) } }
  }
}
