import ArgumentParser

/// Which images are segmented.
struct InputOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      """
      Photos: files, folders (with all below them), patterns in quotation marks such as "photos/**/*.jpg", or - for one \
      photo on standard input. JPEG, PNG, GIF and BMP are read, and WebP, HEIC, AVIF and TIFF where doctor finds their \
      libraries. Or one video, where ffmpeg is installed.
      """,
      valueName: "image"),
    completion: .file(extensions: PictureFile.extensions + VideoFile.endings))
  var images: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      A file that lists photos or folders, one a line, or with NUL bytes between them as find -print0 writes it; - is \
      standard input. (default: none)
      """,
      valueName: "file"),
    completion: .file())
  var list: String?

  @Option(
    help: ArgumentHelp(
      """
      Leave out files and folders whose path ends so, in quotation marks: a name, such as "*_mask.png" or thumbs, or \
      several, such as "old/**/*.jpg". May be given several times. (default: none)
      """,
      valueName: "pattern"))
  var exclude: [String] = []

  func validate() throws {
    if images.contains("") || list == "" {
      throw ValidationError("<image>: is empty; name a photo or folder")
    }
    if exclude.contains(where: { $0.allSatisfy { $0 == "/" } }) {
      throw ValidationError("--exclude: is empty; name what is left out")
    }
  }

  /// Checks that there is an image.
  func requireComplete() throws {
    guard !images.isEmpty || list != nil else {
      throw ValidationError("<image>: is missing; name a photo, a folder, or --list FILE")
    }
  }

  /// The images that are named.
  var inputs: ImageInputs { ImageInputs(arguments: images, list: list, excludes: exclude) }

  /// Input files that no output may take the place of, the images aside.
  var files: [String] { list.flatMap { $0 == "-" ? nil : [$0] } ?? [] }
}
