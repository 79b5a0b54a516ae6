import SANCore
import SANExport
import SANInference

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
  let look: Overlay.Options
  let cutout: OutputFile?
  /// The classes that are cut out.
  let cutoutNames: [String]
  let labels: OutputFile?
  let labelsKind: LabelRendering.Kind
  let json: OutputFile?
  let maskFolder: String?
  let scores: OutputFile?
  let scoresFormat: ScoresFile.Format
  let yolo: OutputFile?
  let labelme: OutputFile?
  /// Of the polygons in these two.
  let editing: PolygonEditing
  /// The photo's path, or `-`.
  let image: String
  /// What lies behind a cut-out; nil where it is transparent.
  let cutoutBackground: RGBColor?

  /// The outputs of the only photo, at `image`: each option names its file.
  init(_ options: OutputOptions, image: String) throws {
    overlay = OutputPlan.overlayPath(options, image: image).map { OutputFile(option: "--output", path: $0) }
    look = options.look.options
    cutout = try OutputPlan.cutoutPath(options, image: image).map {
      OutputFile(option: options.cutoutOption, path: $0)
    }
    cutoutNames = options.cutoutNames
    labels = options.labels.map { OutputFile(option: "--labels", path: $0) }
    labelsKind = options.labelsAs
    json = options.json.map { OutputFile(option: "--json", path: $0) }
    maskFolder = options.maskDir
    scores = options.scores.map { OutputFile(option: "--scores", path: $0) }
    scoresFormat = options.scores.map { Path.has($0, extension: "npz") } == true ? .npz : .npy
    let stem = image == "-" ? "stdin" : Path.stem(of: image)
    yolo = options.annotations.yoloFile(stem)
    labelme = options.annotations.labelmeFile(stem)
    editing = options.annotations.editing
    self.image = image
    cutoutBackground = options.cutoutBackground
  }

  private static func overlayPath(_ options: OutputOptions, image: String) -> String? {
    if options.noOverlay || options.output == "-" { return options.output }
    if image == "-", options.output == nil { return options.printed == nil ? "-" : nil }
    return place(options.output, image: image, end: options.overlayEnd)
  }

  private static func cutoutPath(_ options: OutputOptions, image: String) throws -> String? {
    guard options.cutout != nil else { return nil }
    if options.cutoutOutput == "-" { return "-" }
    // Beside the overlay, where that is a file.
    let folder = options.output.flatMap { $0 == "-" ? nil : isFolder($0) ? $0 : Path.folder(of: $0) }
    let path = options.cutoutOutput ?? folder
    // A photo from a pipe lies in no folder, and a pipe's user looks for no file that was not asked for.
    if path == nil, image == "-" {
      throw UsageError("--cutout", "of a photo on standard input needs --cutout-output; name a file or -")
    }
    return place(path, image: image, end: options.cutoutEnd)
  }

  /// The file at `path`; in a folder, or beside the photo where there is no path, one that is named after the photo.
  private static func place(_ path: String?, image: String, end: String) -> String {
    let name = (image == "-" ? "stdin" : Path.stem(of: image)) + end
    let place = path ?? (image.contains("/") ? Path.join(Path.folder(of: image), name) : name)
    guard isFolder(place) else { return place }
    return place == "." ? name : Path.join(place, name)
  }

  private static func isFolder(_ path: String) -> Bool {
    path.hasSuffix("/") || FileStatus(path)?.isFolder == true
  }

  /// The outputs of one of several photos: each option names a folder.
  ///
  /// - Parameters:
  ///   - name: the photo's own name below those folders, without an extension.
  ///   - image: its path.
  init(_ options: OutputOptions, name: String, image: String) {
    func file(_ option: String, _ folder: String?, _ end: String) -> OutputFile? {
      folder.map { OutputFile(option: option, path: Path.join($0, name + end), makesFolder: true) }
    }
    overlay = file("--output", options.overlayFolder, options.overlayEnd)
    look = options.look.options
    cutout = file(options.cutoutOption, options.cutoutFolder, options.cutoutEnd)
    cutoutNames = options.cutoutNames
    labels = file("--labels", options.labels, ".png")
    labelsKind = options.labelsAs
    json = file("--json", options.json, ".json")
    maskFolder = options.maskDir.map { Path.join($0, name) }
    scores = file("--scores", options.scores, ".\(options.scoresFormat)")
    scoresFormat = options.scoresFormat
    yolo = options.annotations.yoloFile(name)
    labelme = options.annotations.labelmeFile(name)
    editing = options.annotations.editing
    self.image = image
    cutoutBackground = options.cutoutBackground
  }

  /// All files that are named; the masks' folder aside.
  var files: [OutputFile] { [overlay, cutout, labels, json, scores, yolo, labelme].compactMap { $0 } }

  /// All paths that are written, the masks' folder as one of them.
  var paths: [String] {
    files.filter { !$0.isStandardOutput }.map(\.path) + (maskFolder.map { [$0] } ?? [])
  }

  /// Opens the file that takes the scores of `photo`, if there is one.
  func openScores(of photo: RGBImage, classes: [String]) throws -> ScoresFile? {
    guard let scores else { return nil }
    try scores.makeFolder()
    return try ScoresFile(
      scores.path, format: scoresFormat, classes: classes,
      size: Grid(height: photo.height, width: photo.width))
  }

  /// Checks, before any work is done, all that can go wrong with the only photo's outputs but a full disk.
  ///
  /// - Parameters:
  ///   - inputs: files that are read.
  ///   - masks: the names of the files in the masks' folder.
  ///   - dataSet: the data set that all photos share.
  func check(inputs: [String], masks: [String], dataSet: OutputFile?) throws {
    try checkStandardOutput()
    let files = files.filter { !$0.isStandardOutput }
    for file in files where !file.makesFolder { try file.requireWritable() }
    for folder in [yolo, labelme].compactMap({ $0 }) {
      try OutputFolder(option: folder.option, path: Path.folder(of: folder.path)).requireWritable()
    }
    try requirePicture(overlay)
    if cutoutBackground == nil {
      try cutout?.requireExtension("png", kind: "PNG picture, the one that can be transparent")
    } else {
      try requirePicture(cutout)
    }
    try labels?.requireExtension("png", kind: "PNG picture")
    if scoresFormat == .npy { try scores?.requireExtension("npy", "npz", kind: "NumPy array") }
    var masksInFolder: [OutputFile] = []
    if let maskFolder {
      try OutputFolder(option: "--mask-dir", path: maskFolder).requireWritable()
      masksInFolder = masks.map { OutputFile(option: "--mask-dir", path: Path.join(maskFolder, $0)) }
    }
    try OutputFile.requireDistinct(
      files + masksInFolder + (dataSet.map { [$0] } ?? []), inputs: inputs)
  }

  /// Checks that a picture's name tells a format that can be written.
  private func requirePicture(_ file: OutputFile?) throws {
    guard let file, !file.isStandardOutput else { return }
    try file.requireExtension("png", "jpg", "jpeg", "webp", kind: "picture")
    if let problem = PictureWriter(path: file.path)?.problem {
      throw UsageError(file.option, "\(file.path): \(problem), or name a .jpg or .png")
    }
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
  /// The first option beside `--output` that asks for standard output.
  var printed: String? {
    [("--labels", labels), ("--json", json), ("--scores", scores), ("--cutout-output", cutoutOutput)]
      .first { $1 == "-" }?.0
  }

  /// What the names of overlays and cut-outs that are not given end in; transparency is PNG's.
  var overlayEnd: String { ".segmented.\(pictureFormat.ending)" }
  var cutoutEnd: String { ".cutout.\(cutoutBackground == nil ? "png" : pictureFormat.ending)" }

  /// The option that says where the cut-out goes.
  var cutoutOption: String { cutoutOutput == nil ? "--cutout" : "--cutout-output" }

  /// The folder of several photos' cut-outs.
  var cutoutFolder: String? { cutout == nil ? nil : cutoutOutput ?? output ?? "segmented" }

  /// The folder of several photos' overlays.
  var overlayFolder: String? { noOverlay ? nil : output ?? "segmented" }

  /// The folders that several photos' outputs go to, in a fixed order.
  var folders: [OutputFolder] {
    [
      ("--output", overlayFolder), (cutoutOption, cutoutFolder), ("--labels", labels), ("--json", json),
      ("--mask-dir", maskDir), ("--scores", scores), ("--yolo", annotations.yolo),
      ("--labelme", annotations.labelme),
    ].compactMap { option, path in
      path.map { OutputFolder(option: option, path: $0, isAmongPhotos: option == "--labelme") }
    }
  }
}
