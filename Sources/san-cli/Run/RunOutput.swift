import SANCore
import SANExport
import SANInference
import Synchronization

/// Something that is made of all images of a run together.
protocol RunOutput: Sendable {
  /// Takes what became of an image, in the images' order.
  func take(_ outcome: ImageOutcome) throws

  /// Called after the last image, also where some failed; not where the run was stopped.
  func finish() throws
}

extension RunOutput {
  func finish() throws {}
}

/// What became of one of several images.
struct ImageOutcome: Sendable {
  /// How it ended.
  enum End: Sendable {
    case done(ImageSummary, Stopwatch)
    /// Its outputs were there already; the summary is that of the run that made them.
    case skipped(ImageSummary)
    case failed(String)
  }

  let item: BatchPlan.Item
  let end: End
  /// What was odd about its file.
  var notes: [String] = []

  /// What was found; nil where it failed.
  var summary: ImageSummary? {
    switch end {
    case .done(let summary, _), .skipped(let summary): summary
    case .failed: nil
    }
  }
}

/// A report with a line of JSON for each image:
///
///     image       the path that it was read from
///     status      done, skipped or failed
///     error       of a failed image alone: what the run says of it on standard error
///     outputs     the paths of its files; a folder of masks is one of them
///     width       of the upright image
///     height
///     classes     those that have pixels: name, label, pixels, coverage (0 to 1), score
///     other       the same; null where it has no pixel
///     doubt       margin and unsure, as ``Doubt`` says; null where it could not be measured
///     timings_ms  of an image that is done: each step's duration
///     total_ms    from reading it to its files
struct ReportFile: RunOutput {
  /// Nil for standard output.
  private let file: AppendedFile?

  /// Starts a report at `path`, or on standard output where it is `-`.
  init(_ path: String) throws {
    file = path == "-" ? nil : try AppendedFile(path, replacing: true)
  }

  func take(_ outcome: ImageOutcome) throws {
    let line = ReportFile.line(outcome)
    try file?.append(line) ?? Console.write(line)
  }

  private static func line(_ outcome: ImageOutcome) -> String {
    let outputs = JSONText.array(outcome.item.plan.paths.map { .string($0) })
    let members: [(String, JSONText)] =
      switch outcome.end {
      case .done(let summary, let watch):
        [("status", .string("done")), ("outputs", outputs)] + summary.members + [
          ("timings_ms", .object(watch.steps.map { ($0.name, .real($0.duration.milliseconds)) })),
          ("total_ms", .real(watch.total.milliseconds)),
        ]
      case .skipped(let summary):
        [("status", .string("skipped")), ("outputs", outputs)] + summary.members
      case .failed(let line):
        [("status", .string("failed")), ("error", .string(line))]
      }
    return JSONText.object([("image", .string(outcome.item.path))] + members).line
  }
}

/// The lines that a run over several images prints: image, class, label, pixels, share and score, with tabs between. Of a
/// video's frames the first is the frame's number.
struct ClassLines: RunOutput {
  /// Prints the columns' names.
  init(first: String = "image") throws { try Console.write("\(first)\tclass\tlabel\tpixels\tshare\tscore\n") }

  func take(_ outcome: ImageOutcome) throws {
    guard let summary = outcome.summary else { return }
    try Console.write(ClassLines.lines(image: outcome.item.path, summary))
  }

  func take(_ summary: ImageSummary, frame: Int) throws {
    try Console.write(ClassLines.lines(image: "\(frame)", summary))
  }

  /// A line for each class that has pixels, and for "other".
  private static func lines(image: String, _ summary: ImageSummary) -> String {
    (summary.classes + (summary.other.map { [$0] } ?? [])).map { entry in
      // A name keeps to its column: control characters are written as escapes.
      "\(image.printable)\t\(entry.name.printable)\t\(entry.label)\t\(entry.pixels)\t\(entry.coverage)\t\(entry.score)\n"
    }.joined()
  }
}

/// The COCO data set of a run: one file, whatever the number of images.
final class DataSetFile: RunOutput {
  private let writer: Mutex<COCOWriter>
  private let shape: COCOAnnotation.Shape
  /// Its own path.
  let path: String

  /// Opens the file that `--coco` names, if it does.
  init?(_ setup: RunSetup, job: SegmentationJob) throws {
    guard let path = setup.dataSetFile?.path else { return nil }
    (self.path, shape) = (path, setup.options.output.cocoMasks)
    writer = Mutex(
      try COCOWriter(
        path, classes: job.vocabulary.classes,
        description:
          "Semantic segmentation by \(job.segmenter.name), one annotation for each class in an image"))
  }

  func take(_ outcome: ImageOutcome) throws {
    guard let summary = outcome.summary, let annotations = summary.annotations else { return }
    let size = Grid(height: summary.height, width: summary.width)
    let item = outcome.item
    try writer.withLock {
      try $0.add(id: item.number, fileName: item.place, size: size, annotations: annotations)
    }
  }

  /// Adds the only image.
  func add(_ report: SegmentationReport, place: String) throws {
    let annotations = try COCOAnnotation.all(in: report.result, shape: shape)
    try writer.withLock {
      try $0.add(fileName: place, size: report.result.labels.size, annotations: annotations)
    }
  }

  /// Adds a video's frame.
  func add(_ summary: ImageSummary, frame: Int, name: String) throws {
    let size = Grid(height: summary.height, width: summary.width)
    try writer.withLock {
      try $0.add(
        id: frame + 1, fileName: name, size: size, frame: frame, annotations: summary.annotations ?? [])
    }
  }

  func finish() throws { try writer.withLock { try $0.commit() } }
}
