import ArgumentParser

/// What is written, and where.
struct OutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The overlay with its legend, a PNG; in a folder it is NAME.segmented.png. (default: beside the photo)",
      valueName: "path"),
    completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Also write the label map as PNG: a palette of 8 bits, or 16 bits where there are more than 255 classes.",
      valueName: "path"),
    completion: .file())
  var labels: String?

  @Option(
    help: ArgumentHelp(
      "Also write classes, colours, shares, scores, times and the model as JSON; - is standard output, in the table's place.",
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
}
