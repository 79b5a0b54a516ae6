import ArgumentParser

/// What is written, and where: a file each for one photo, a folder each for several.
struct OutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The overlay with its legend, a PNG; in a folder it is NAME.segmented.png. - is standard output, as it is for \
      --labels and --json. (default: beside the photo; of several photos in the folder segmented)
      """,
      valueName: "path"),
    completion: .file())
  var output: String?

  @Flag(help: "Write no overlay.")
  var noOverlay = false

  @Option(
    help: ArgumentHelp(
      "Also write the label map as PNG: a palette of 8 bits, or 16 bits where there are more than 255 classes.",
      valueName: "path"),
    completion: .file())
  var labels: String?

  @Option(
    help: ArgumentHelp(
      "Also write classes, colours, shares, scores, times and the model as JSON.",
      valueName: "path"),
    completion: .file())
  var json: String?

  @Option(
    help: ArgumentHelp(
      "Also write a black and white PNG for each class into this folder, which is made if missing.",
      valueName: "folder"),
    completion: .directory)
  var maskDir: String?

  @Option(
    help: ArgumentHelp(
      "Also write the scores of all classes, a NumPy array of float32, classes × height × width.",
      valueName: "path"),
    completion: .file())
  var scores: String?

  @Flag(help: "No progress and no notes on standard error, only errors.")
  var quiet = false

  func validate() throws {
    if noOverlay && output != nil {
      throw ValidationError("--output: is not allowed together with --no-overlay; leave one out")
    }
  }
}
