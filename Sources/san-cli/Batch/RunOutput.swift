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

  /// What was found; nil where it failed.
  var summary: ImageSummary? {
    switch end {
    case .done(let summary, _), .skipped(let summary): summary
    case .failed: nil
    }
  }
}
