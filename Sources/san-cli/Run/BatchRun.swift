import Dispatch
import SANCore
import SANInference

/// `segment` with several photos.
struct BatchRun {
  let setup: RunSetup

  func run() throws {
    let batch = setup.options.batch
    let plan = try BatchPlan(setup)
    var watch = Stopwatch()
    let job = try setup.load(&watch)
    let record = try makeRecord(plan, job)
    try OutputMarker.mark(setup.options.output.folders.filter { !$0.isAmongPhotos }.map(\.path))
    try setup.writeYOLONames()
    let outputs = try makeOutputs(job)
    let worker = ImageWorker(
      items: plan.items, job: job, record: record, overwrites: batch.overwrite,
      cutPictures: setup.options.preparation.cutPictures,
      shape: setup.dataSetFile.map { _ in setup.options.output.cocoMasks })
    var tally = Tally()
    let progress = BatchProgress(count: plan.items.count, of: "image")
    Console.hideSteps()
    do {
      let count = plan.items.count
      try OrderedWork.run(
        workers: min(max(count, 1), batch.jobs ?? min(ThreadPool.processorCount + 1, 8))
      ) { index in
        index < count ? index : nil
      } work: { index in
        try worker.run(index)
      } stop: {
        Interruption.control.cancel()
      } take: { _, outcome in
        tally.add(outcome)
        for note in outcome.notes { Console.note("\(outcome.item.path): note: \(note)") }
        if case .failed(let line) = outcome.end { Console.writeError("san-cli: \(line)") }
        for output in outputs { try output.take(outcome) }
        progress.show(done: tally.done, ended: tally.total, failed: tally.failed)
      }
      for output in outputs { try output.finish() }
    } catch {
      Console.note("stopped: \(tally.text) of \(plan.items.count.grouped)")
      throw error
    }
    Console.note(tally.text)
    if tally.done > 0 {
      var named: Set<String> = []
      for folder in setup.options.output.folders where named.insert(folder.path).inserted {
        Console.note("wrote to \(folder.path)")
      }
    }
    if let file = setup.dataSetFile { Console.note("wrote \(file.path)") }
    if tally.failed > 0 || plan.unreadableFolders > 0 {
      throw FailedImagesError(tally: tally, unreadableFolders: plan.unreadableFolders)
    }
  }

  /// The record of what is made, unless nothing is.
  private func makeRecord(_ plan: BatchPlan, _ job: SegmentationJob) throws -> RunRecord? {
    let batch = setup.options.batch
    let folders = setup.recordFolders
    if folders.isEmpty { return nil }
    return try RunRecord(
      folders: folders, settings: RunSettings(setup, job), shard: batch.shard,
      names: Set(plan.items.map(\.name)), skips: batch.skipExisting, maskNames: setup.maskNames)
  }

  /// What is made of all images together, in the order in which it gets them.
  private func makeOutputs(_ job: SegmentationJob) throws -> [any RunOutput] {
    let dataSet = try DataSetFile(setup, job: job)
    let isPrinted = setup.options.batch.report == "-"
    let report = isPrinted ? try ReportFile("-") : try setup.reportFile.map { try ReportFile($0.path) }
    let lines = isPrinted ? nil : try ClassLines()
    let outputs: [(any RunOutput)?] = [dataSet, report, lines]
    return outputs.compactMap { $0 }
  }
}

/// How many images ended how.
struct Tally {
  private(set) var done = 0
  private(set) var skipped = 0
  private(set) var failed = 0

  var total: Int { done + skipped + failed }

  /// As people read it.
  var text: String {
    let images = done == 1 ? "1 image done" : "\(done.grouped) images done"
    let others = [(skipped, "skipped"), (failed, "failed")].filter { $0.0 > 0 }.map {
      ", \($0.grouped) \($1)"
    }
    return images + others.joined()
  }

  mutating func add(_ outcome: ImageOutcome) {
    switch outcome.end {
    case .done: done += 1
    case .skipped: skipped += 1
    case .failed: failed += 1
    }
  }
}

/// Some of many images could not be segmented, or not even be looked for.
struct FailedImagesError: ProgramError {
  let tally: Tally
  let unreadableFolders: Int
  var description: String {
    let images = tally.failed > 0 ? ["\(tally.failed.grouped) of \(tally.total.grouped) images failed"] : []
    let folders = unreadableFolders == 1 ? "1 folder" : "\(unreadableFolders.grouped) folders"
    let all = images + (unreadableFolders > 0 ? ["\(folders) could not be read"] : [])
    return "\(all.joined(separator: " and ")); the errors above say why"
  }
  var category: ErrorCategory { .damaged }
}
