/// Something that is made of all images of a run together.
protocol RunOutput: Sendable {
  /// What ``take(_:part:)`` needs of a result beside its summary. Called on the image's own thread, in any order, before
  /// the image's files appear. Several are kept at a time, so it should be small.
  func part(of report: SegmentationReport) throws -> (any Sendable)?

  /// Takes what became of an image, in the images' order.
  func take(_ outcome: ImageOutcome, part: (any Sendable)?) throws

  /// Called after the last image, also where some failed; not where the run was stopped.
  func finish() throws
}

extension RunOutput {
  func part(of report: SegmentationReport) throws -> (any Sendable)? { nil }
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

  /// The path that it is read from.
  let image: String
  let outputs: OutputPlan
  let end: End
  /// What each of the run's outputs has made of it, in their order.
  var parts: [(any Sendable)?] = []
}
