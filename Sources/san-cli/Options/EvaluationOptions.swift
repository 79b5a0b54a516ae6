import ArgumentParser
import SANInference

/// What is evaluated: photos, their labels, and what the labels' numbers mean.
struct EvaluationDataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder of photos, of every format that segment reads, with all below it.", valueName: "folder"),
    completion: .directory)
  var images: String

  @Option(
    help: ArgumentHelp(
      """
      Folder of label maps: a PNG for each photo, of 8 or 16 bits, grey or palette, as large as the photo, under its path \
      and name.
      """,
      valueName: "folder"),
    completion: .directory)
  var labels: String

  @Option(
    help: ArgumentHelp(
      """
      Numbers in the label files that are left out, separated by commas, or none. (default: 255; 65535 with more than \
      255 classes)
      """,
      valueName: "numbers|none"),
    transform: EvaluationDataOptions.numbers)
  var ignore: Set<UInt16>?

  @Option(
    help: ArgumentHelp(
      "The first class's number in the label files; lower ones are left out. ADE20K needs 1. (default: 0)",
      valueName: "n"),
    transform: NumberInRange.parser(0...65_535))
  var labelOffset = 0

  @Option(
    help: ArgumentHelp(
      """
      A file that names the labels' numbers, one "number<TAB>class" a line; others are left out. (default: a number is \
      the class's place in the vocabulary)
      """,
      valueName: "file"),
    completion: .file())
  var labelNames: String?

  @Option(
    help: ArgumentHelp(
      "What photos' names end in before the extension, such as _leftImg8bit; other files do not count. (default: none)",
      valueName: "text"))
  var imageSuffix = ""

  @Option(
    help: ArgumentHelp(
      "What label files' names end in before the extension, such as _labelTrainIds. (default: none)",
      valueName: "text"))
  var labelSuffix = ""

  @Option(
    help: ArgumentHelp(
      """
      A file of the photos that count, one a line: the path below the folder without extension and suffix. \
      (default: all)
      """,
      valueName: "file"),
    completion: .file())
  var list: String?

  @Option(
    help: ArgumentHelp(
      "Only so many photos, the first in the order of their names. (default: all)", valueName: "n"),
    transform: NumberInRange.parser(1...Int.max, "1 or more"))
  var limit: Int?

  func validate() throws {
    if labelNames != nil && labelOffset != 0 {
      throw ValidationError("--label-offset: is not allowed together with --label-names; leave one out")
    }
  }

  private static func numbers(_ text: String) throws -> Set<UInt16> {
    if text == "none" { return [] }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { UInt16($0.filter { $0 != " " }) }
    guard numbers.count == parts.count else {
      throw ValidationError("allowed are numbers from 0 to 65535 with commas between them, or none")
    }
    return Set(numbers)
  }

  /// The numbers left out where `classCount` classes are told apart.
  func ignored(classCount: Int) -> Set<UInt16> { ignore ?? [classCount <= 255 ? 255 : 65_535] }

  /// Input files that no output may take the place of, the photos and labels aside.
  var inputs: [String] { [labelNames, list].compactMap { $0 } }
}

/// How a photo is prepared for its evaluation.
struct EvaluationPhotoOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Length in pixels to which a photo's short side is resized. (default: the model's own, mostly 640)",
      valueName: "pixels"),
    transform: NumberInRange.parser(ImageOptions.allowedSizes))
  var size: Int?
}

/// What an evaluation writes, and what it keeps.
struct EvaluationOutputOptions: ParsableArguments {
  @Flag(
    help: """
      Also tell what two guesses from the labels alone would reach: the best single label, and each photo's own most \
      frequent one. (default: off)
      """)
  var baselines = false

  @Option(
    help: ArgumentHelp(
      "Also write everything as JSON; - is standard output, in the table's place. (default: none)",
      valueName: "path"),
    completion: .file())
  var json: String?

  @Option(
    help: ArgumentHelp(
      "Also write a file of comma-separated values, a line a class: IoU, accuracy and pixels. (default: none)",
      valueName: "path"),
    completion: .file(extensions: ["csv"]))
  var csv: String?

  @Option(
    help: ArgumentHelp(
      "Also write a picture of which class is taken for which, a PNG. (default: none)", valueName: "path"),
    completion: .file(extensions: ["png"]))
  var confusion: String?

  @Option(
    help: ArgumentHelp(
      "Also write the predicted label maps into this folder, which is made if missing. (default: none)",
      valueName: "folder"),
    completion: .directory)
  var predictions: String?

  @Option(
    help: ArgumentHelp(
      """
      A file that keeps each photo's result, so that a run that was stopped goes on where it was. (default: none)
      """,
      valueName: "path"),
    completion: .file(extensions: ["jsonl"]))
  var state: String?

  @Flag(help: "No progress and no notes on standard error, only errors. (default: off)")
  var quiet = false
}
