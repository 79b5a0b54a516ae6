import SANInference

/// What became of one of several images.
struct ImageOutcome: Sendable {
  /// How it ended.
  enum End: Sendable {
    case done(ImageSummary)
    case failed(String)
  }

  /// Its path.
  let image: String
  let end: End
}

/// What remains of a result when its pictures are written.
struct ImageSummary: Sendable {
  let width: Int
  let height: Int
  let classes: [Segmentation.ClassResult]
  let other: Segmentation.ClassResult?
  /// The paths written.
  let outputs: [String]
  let watch: Stopwatch

  init(_ report: SegmentationReport, outputs: [String], watch: Stopwatch) {
    (width, height) = (report.photo.width, report.photo.height)
    (classes, other) = (report.result.classes, report.result.other)
    (self.outputs, self.watch) = (outputs, watch)
  }
}
