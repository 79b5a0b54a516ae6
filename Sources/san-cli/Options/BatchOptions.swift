import ArgumentParser

/// How several images are run. One photo with a report, a shard or outputs to be skipped counts as several.
struct BatchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Images under way at once: some are read and written while others are computed. Memory grows with it. (default: \
      one more than processors, 8 at most)
      """,
      valueName: "n"),
    transform: NumberInRange.parser(1...256))
  var jobs: Int?

  @Option(
    help: ArgumentHelp(
      """
      Also write a line of JSON for each image: its outputs, status, error, size, classes and times; - is standard \
      output, in the place of the classes' lines. (default: none)
      """,
      valueName: "path"),
    completion: .file())
  var report: String?

  @Flag(
    help: """
      Leave images as they are whose outputs an earlier run has made with the same model, classes and options; --report \
      and --coco have them all the same. (default: make all again)
      """)
  var skipExisting = false

  @Option(
    help: ArgumentHelp(
      """
      Only the I-th of N equal parts of the job, such as 3/8, for several machines. Every image is in exactly one. Each \
      part has a --report and --coco of its own, NAME-3-of-8.EXT: reports are joined with cat, data sets by their images \
      and annotations, whose ids are those of the whole job. (default: all)
      """,
      valueName: "i/n"),
    transform: BatchOptions.shard)
  var shard: Shard?

  private static func shard(_ text: String) throws -> Shard {
    guard let shard = Shard(text) else {
      throw ValidationError("allowed are 1/N to N/N, as in 3/8, with N up to \(Shard.maximumCount)")
    }
    return shard
  }

  /// Whether even a single image is to be run as one of several.
  var areGiven: Bool { report != nil || skipExisting || shard != nil }

  /// The file that the report goes to; nil where there is none, or it is printed.
  var reportFile: OutputFile? {
    report.flatMap { $0 == "-" ? nil : OutputFile(option: "--report", path: $0) }
  }
}
