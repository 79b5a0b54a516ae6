import Dispatch
import SANCore
import SANInference

/// `segment` with several photos.
struct BatchRun {
  let setup: RunSetup

  func run() throws {
    let plan = try BatchPlan(setup)
    var watch = Stopwatch()
    let job = try setup.load(&watch)
    try Console.write(ClassLines.header)
    var tally = Tally()
    let progress = BatchProgress(count: plan.items.count)
    do {
      try run(plan.items, job) { outcome in
        tally.add(outcome)
        switch outcome.end {
        case .done(let summary): try Console.write(ClassLines.lines(image: outcome.image, summary))
        case .failed(let line): Console.writeError("san-cli: \(line)")
        }
        progress.show(tally)
      }
    } catch {
      if tally.total > 0 { Console.note("stopped after \(tally.text)") }
      throw error
    }
    Console.note(tally.text)
    if tally.done > 0 {
      var named: Set<String> = []
      for folder in setup.command.output.folders where named.insert(folder.path).inserted {
        Console.note("wrote to \(folder.path)")
      }
    }
    if tally.failed > 0 { throw FailedImagesError(tally: tally) }
  }

  /// Works on all images; `take` gets what became of each, in their order.
  private func run(
    _ items: [BatchPlan.Item], _ job: SegmentationJob, take: (ImageOutcome) throws -> Void
  ) throws {
    let processors = ThreadPool.processorCount
    let jobs = setup.command.input.jobs ?? min(processors + 1, 8)
    // One network uses all threads of the pool; one beside it has the thread that it is called on.
    let networks = DispatchSemaphore(value: 0)
    for _ in 0..<max(1, processors - job.segmenter.threads + 1) { networks.signal() }
    Console.hideSteps()
    try OrderedWork.run(count: items.count, workers: jobs) { index in
      try BatchRun.segment(items[index], job, networks)
    } stop: {
      Interruption.control.cancel()
    } take: { _, outcome in
      try take(outcome)
    }
  }

  /// Everything for one image; an error that is the image's own is its outcome.
  private static func segment(
    _ item: BatchPlan.Item, _ job: SegmentationJob, _ networks: DispatchSemaphore
  ) throws -> ImageOutcome {
    do {
      var watch = Stopwatch()
      let photo = try watch.time("read") { try RGBImage(contentsOf: item.path) }
      networks.wait()
      let report: SegmentationReport
      do {
        defer { networks.signal() }
        report = try job.run(photo, image: item.path, scores: item.plan.scores != nil, watch: &watch)
      }
      let written = try SegmentationOutputs(plan: item.plan, report: report, isDurable: false).write(&watch)
      return ImageOutcome(
        image: item.path, end: .done(ImageSummary(report, outputs: written.paths, watch: watch)))
    } catch let error where !stopsRun(error) {
      return ImageOutcome(image: item.path, end: .failed(Failure(error).line))
    }
  }

  /// Whether the images after this one would fare no better.
  private static func stopsRun(_ error: any Error) -> Bool {
    switch error {
    case is ImageError: false
    case OutputFileError.isFolder: false
    default: true
    }
  }
}

/// How many images ended how.
struct Tally {
  private(set) var done = 0
  private(set) var failed = 0

  var total: Int { done + failed }

  /// As people read it.
  var text: String {
    let images = total == 1 ? "1 image" : "\(total.grouped) images"
    return failed == 0 ? images : "\(images), \(failed.grouped) of them failed"
  }

  mutating func add(_ outcome: ImageOutcome) {
    switch outcome.end {
    case .done: done += 1
    case .failed: failed += 1
    }
  }
}

/// Some of many images could not be segmented.
struct FailedImagesError: StatusError {
  let tally: Tally
  var description: String {
    "\(tally.failed.grouped) of \(tally.total.grouped) images failed; the errors above say why"
  }
  var status: Int32 { Failure.Status.data }
}
