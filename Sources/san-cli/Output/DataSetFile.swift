import SANCore
import SANInference
import Synchronization

/// The COCO data set of a run: one file, whatever the number of images.
final class DataSetFile: RunOutput {
  private let writer: Mutex<COCOWriter>
  private let shape: COCOAnnotation.Shape
  /// By the paths that images are read from: their paths below the folder that all have in common.
  private let places: [String: String]
  /// Its own path.
  let path: String

  /// Opens the file that `--coco` names, if it does.
  init?(_ options: OutputOptions, job: SegmentationJob, places: [String: String] = [:]) throws {
    guard let path = options.coco else { return nil }
    (self.path, self.places, shape) = (path, places, options.cocoMasks)
    writer = Mutex(
      try COCOWriter(
        path, classes: job.vocabulary.classes,
        description:
          "Semantic segmentation by \(job.segmenter.name), one annotation for each class in an image"))
  }

  func part(of report: SegmentationReport) throws -> (any Sendable)? {
    try COCOAnnotation.all(in: report.result, shape: shape)
  }

  func take(_ outcome: ImageOutcome, part: (any Sendable)?) throws {
    guard case .done(let summary, _) = outcome.end, let annotations = part as? [COCOAnnotation] else {
      return
    }
    let size = Grid(height: summary.height, width: summary.width)
    let place = places[outcome.image] ?? outcome.image
    try writer.withLock { try $0.add(fileName: place, size: size, annotations: annotations) }
  }

  /// Adds the only image.
  func add(_ report: SegmentationReport, place: String) throws {
    let annotations = try COCOAnnotation.all(in: report.result, shape: shape)
    try writer.withLock {
      try $0.add(fileName: place, size: report.result.labels.size, annotations: annotations)
    }
  }

  func finish() throws { try writer.withLock { try $0.commit() } }
}
