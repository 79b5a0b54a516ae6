import SANCore
import SANExport
import SANInference

/// `segment` with a video.
struct VideoRun {
  let setup: RunSetup
  /// The clip's path.
  let clip: String

  /// A frame, and what was found in it where it is one of those that are segmented.
  private struct Frame: Sendable {
    let number: Int
    let image: RGBImage
    var found: Found?
  }

  private struct Found: Sendable {
    let labels: LabelMap
    let summary: ImageSummary
    /// The label map's file.
    let file: [UInt8]?
  }

  func run() throws {
    guard let tools = FFmpeg.installed else { throw MissingFFmpegError(path: clip) }
    let options = setup.options
    try setup.checkDataSet()
    let plan = try VideoPlan(
      options.output, clip: clip, inputs: setup.files, dataSet: setup.dataSetFile,
      overwrites: options.batch.overwrite)
    Console.show("reading \(clip)")
    let info = try VideoInfo(of: clip, tools)
    if info.isVariable {
      Console.note(
        "\(clip): note: its frames come at uneven times; they are taken at \(info.rate.value.fixed(2)) a second"
      )
    }
    if let output = plan.output, VideoWriter.encodesAudio(info, path: output.path) {
      Console.note(
        "\(clip): note: its sound becomes AAC, since \(Path.name(of: output.path)) cannot hold it as it is")
    }
    var watch = Stopwatch()
    let job = try setup.load(&watch)
    if let labels = plan.labels {
      try OutputFolder.make(labels.path)
      try OutputMarker.mark([labels.path])
    }
    let dataSet = try DataSetFile(setup, job: job)
    let reader = try VideoReader(
      clip, info: info, tools: tools, takesDamaged: options.preparation.truncated)
    defer { reader.stop() }
    let segmented = try work(through: reader, info, tools, job, plan, dataSet)
    try dataSet?.finish()
    if let note = reader.note { Console.note("\(clip): note: \(note)") }
    for file in [plan.output, setup.dataSetFile].compactMap({ $0 }) { Console.note("wrote \(file.path)") }
    if let labels = plan.labels { Console.note("wrote \(segmented.grouped) label maps in \(labels.path)") }
  }

  /// Segments the frames and has the new clip appear.
  ///
  /// - Returns: how many were segmented.
  private func work(
    through reader: VideoReader, _ info: VideoInfo, _ tools: FFmpeg, _ job: SegmentationJob,
    _ plan: VideoPlan,
    _ dataSet: DataSetFile?
  ) throws -> Int {
    let options = setup.options
    let every = options.video.every ?? 1
    let networks = NetworkGate(job.segmenter)
    let shape = dataSet.map { _ in options.output.cocoMasks }
    let wantsMaps = plan.labels != nil
    let (clip, look) = (self.clip, self.look(job))
    let lines = try ClassLines(first: "frame")
    let progress = BatchProgress(count: info.frameCount ?? 0, of: "frame")
    Console.hideSteps()
    var labels: LabelMap?
    var writer: VideoWriter?
    var (done, segmented) = (0, 0)
    do {
      try OrderedWork.run(
        workers: options.batch.jobs ?? min(ThreadPool.processorCount + 1, 4)
      ) { number in
        try reader.next().map { Frame(number: number, image: $0) }
      } work: { frame in
        guard frame.number % every == 0 else { return frame }
        var watch = Stopwatch()
        let report = try networks.pass {
          try job.run(frame.image, image: clip, scores: nil, doubt: false, watch: &watch)
        }
        let map = report.result.labels
        let found = Found(
          labels: map, summary: try ImageSummary(report, shape: shape, otherLabel: LabelMap.other),
          file: wantsMaps
            ? try PNGWriter.encode(gray16: map.labels, width: map.size.width, height: map.size.height) : nil)
        return Frame(number: frame.number, image: frame.image, found: found)
      } stop: {
        Interruption.control.cancel()
        reader.stop()
      } take: { number, frame in
        if let found = frame.found {
          labels = found.labels
          let name = plan.name(ofFrame: number)
          if let folder = plan.labels?.path, let file = found.file {
            try AtomicFile.write(file, to: Path.join(folder, name), durable: false)
          }
          try dataSet?.add(found.summary, frame: number, name: name)
          try lines.take(found.summary, frame: number)
          segmented += 1
        }
        if let output = plan.output, let labels {
          let picture = try Overlay.render(
            frame.image, labels: labels, classes: job.vocabulary.classes, options: look)
          let clipWriter =
            try writer
            ?? VideoWriter(
              output.path, width: picture.width, height: picture.height, source: clip, info: info,
              tools: tools)
          writer = clipWriter
          try clipWriter.add(picture)
        }
        done += 1
        if let count = info.frameCount {
          progress.show(done: done, ended: min(done, count))
        } else {
          Console.show("frame \(done)")
        }
      }
      try writer?.finish()
    } catch {
      if let folder = plan.labels?.path, segmented > 0 {
        Console.note("stopped: \(segmented.grouped) label maps are in \(folder)")
      }
      throw error
    }
    return segmented
  }

  /// How the overlays look: each has the same legend.
  private func look(_ job: SegmentationJob) -> Overlay.Options {
    var look = setup.options.output.look.options
    if look.legend != .none {
      let hasOther = !job.vocabulary.distractors.isEmpty || job.threshold != nil
      look.legend = .allClasses(other: hasOther)
    }
    return look
  }
}

/// There is no ffmpeg to read a video with.
struct MissingFFmpegError: ProgramError {
  let path: String
  var description: String {
    "\(path): is a video, which needs ffmpeg and ffprobe, and they are not found; \(FFmpeg.advice)"
  }
  var category: ErrorCategory { .notFound }
}
