import Dispatch
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

/// Everything that is done for one of several images, from its file to its outputs. Any number of threads may run it.
struct ImageWorker: Sendable {
  private let items: [BatchPlan.Item]
  private let job: SegmentationJob
  private let record: RunRecord?
  /// Whether files that no record accounts for are replaced.
  private let overwrites: Bool
  /// What becomes of files that end too early.
  private let cutPictures: CutPictures
  /// How a data set of all images tells masks; nil where there is none.
  private let shape: COCOAnnotation.Shape?
  private let networks: NetworkGate

  init(
    items: [BatchPlan.Item], job: SegmentationJob, record: RunRecord?, overwrites: Bool,
    cutPictures: CutPictures, shape: COCOAnnotation.Shape?
  ) {
    (self.items, self.job, self.record, self.overwrites, self.shape) = (items, job, record, overwrites, shape)
    (self.cutPictures, networks) = (cutPictures, NetworkGate(job.segmenter))
  }

  /// Runs the image at `index`; an error that is the image's own is its outcome.
  func run(_ index: Int) throws -> ImageOutcome {
    let item = items[index]
    try Interruption.check()
    if let summary = record?.summary(of: item) { return ImageOutcome(item: item, end: .skipped(summary)) }
    do {
      try PictureFile.requireName(item.path)
      try item.requireShortName()
      if !overwrites { try record?.requireOwn(item) }
      var watch = Stopwatch()
      let photo = try watch.time("read") { try RGBImage(contentsOf: item.path, cutPictures: cutPictures) }
      let scores = try item.plan.openScores(of: photo, classes: job.vocabulary.classes)
      let report = try runNetwork(photo, item, scores, &watch)
      let summary = try ImageSummary(report, shape: shape)
      try SegmentationOutputs(
        plan: item.plan, photo: photo, report: report, scores: scores, isDurable: false
      ).write(&watch)
      try record?.add(item, summary)
      return ImageOutcome(item: item, end: .done(summary, watch), notes: photo.notes)
    } catch let error where !ImageWorker.stopsRun(error) {
      return ImageOutcome(item: item, end: .failed(Failure(error).line))
    }
  }

  private func runNetwork(
    _ photo: RGBImage, _ item: BatchPlan.Item, _ scores: ScoresFile?, _ watch: inout Stopwatch
  ) throws -> SegmentationReport {
    try networks.pass {
      try job.run(photo, image: item.path, scores: scores, doubt: true, watch: &watch)
    }
  }

  /// Whether the images after this one would fare no better: the disk is full, or nothing can be written to a folder.
  private static func stopsRun(_ error: any Error) -> Bool {
    switch error {
    case OutputFileError.diskFull, OutputFileError.readOnly, OutputFileError.folderMissing: true
    case OutputFileError.notPermitted(let path): access(Path.folder(of: path), W_OK) != 0
    case let error as PlaceError: error.isOfFolder
    case is ImageError, is LongNameError, is NameEncodingError, is ForeignFileError, is OutputFileError: false
    case RenderingError.tooWide: false
    default: true
    }
  }
}

/// Lets as many networks run at once as there are processors for.
struct NetworkGate: Sendable {
  private let free = DispatchSemaphore(value: 0)

  init(_ segmenter: Segmenter) {
    // One network uses all threads of the pool; one beside it has the thread that it is called on.
    for _ in 0..<max(1, ThreadPool.processorCount - segmenter.threads + 1) { free.signal() }
  }

  func pass<Value>(_ body: () throws -> Value) rethrows -> Value {
    free.wait()
    defer { free.signal() }
    return try body()
  }
}
