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

  @Flag(
    help: """
      Replace files too that stand where several photos' outputs go and are none that an earlier run has written, byte for \
      byte: photos, or outputs that were edited. Of a video, replace whatever stands there. (default: leave them; their \
      images fail)
      """)
  var overwrite = false

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

/// One of several equal parts of a job, as `I/N`.
struct Shard: Sendable {
  /// Which of them, from 1.
  let number: Int
  /// How many there are.
  let count: Int

  static let maximumCount = 1_000_000

  /// Nil where the text is none.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let count = parts[1],
      (1...Shard.maximumCount).contains(count),
      (1...count).contains(number)
    else { return nil }
    (self.number, self.count) = (number, count)
  }

  /// What its own files' names have before the extension: `-3-of-8`.
  var suffix: String { "-\(number)-of-\(count)" }

  /// Its own file where the whole job would write `path`: `found-3-of-8.json` for `found.json`. What is there and no file,
  /// such as a pipe, stays what it is.
  func ownPath(_ path: String) -> String {
    guard !path.isEmpty, FileStatus(path)?.isRegular != false else { return path }
    let end = Path.name(of: path).dropFirst(Path.stem(of: path).count)
    return path.dropLast(end.count) + suffix + end
  }

  /// Whether the element at `index` of the whole list is in it: each is in exactly one.
  func contains(_ index: Int) -> Bool { index % count == number - 1 }
}
