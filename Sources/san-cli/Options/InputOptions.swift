import ArgumentParser

/// Which images are segmented, and how many at once.
struct InputOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      """
      Photos, JPEG or PNG: files, folders (with all below them), patterns in quotation marks such as \
      "photos/**/*.jpg", or - for one photo on standard input.
      """,
      valueName: "image"),
    completion: .file(extensions: ["jpg", "jpeg", "png"]))
  var images: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file that lists photos or folders, one a line; - is standard input. (default: none)",
      valueName: "file"),
    completion: .file())
  var list: String?

  @Option(
    help: ArgumentHelp(
      """
      Images under way at once: some are read and written while others are computed. Memory grows with it. (default: \
      one more than processors, 8 at most)
      """,
      valueName: "n"))
  var jobs: Int?

  func validate() throws {
    if images.isEmpty && list == nil {
      throw ValidationError("Missing expected argument '<image> ...'; name a photo, a folder, or --list FILE")
    }
    if images.contains("") || list == "" {
      throw ValidationError("<image>: is empty; name a photo or folder")
    }
    if let jobs, !(1...256).contains(jobs) {
      throw ValidationError("--jobs: \(jobs) is not allowed; 1 to 256 is")
    }
  }

  /// The images that are named.
  var inputs: ImageInputs { ImageInputs(arguments: images, list: list) }

  /// Input files that no output may take the place of, the images aside.
  var files: [String] { list.flatMap { $0 == "-" ? nil : [$0] } ?? [] }
}
