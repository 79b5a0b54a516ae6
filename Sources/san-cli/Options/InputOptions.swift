import ArgumentParser

/// Which images are segmented.
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
      """
      A file that lists photos or folders, one a line, or with NUL bytes between them as find -print0 writes it; - is \
      standard input. (default: none)
      """,
      valueName: "file"),
    completion: .file())
  var list: String?

  func validate() throws {
    if images.contains("") || list == "" {
      throw ValidationError("<image>: is empty; name a photo or folder")
    }
  }

  /// Checks that there is an image.
  func requireComplete() throws {
    guard !images.isEmpty || list != nil else {
      throw ValidationError("<image>: is missing; name a photo, a folder, or --list FILE")
    }
  }

  /// The images that are named.
  var inputs: ImageInputs { ImageInputs(arguments: images, list: list) }

  /// Input files that no output may take the place of, the images aside.
  var files: [String] { list.flatMap { $0 == "-" ? nil : [$0] } ?? [] }
}
