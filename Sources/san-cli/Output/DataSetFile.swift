import SANCore
import SANExport
import SANInference
import Synchronization

/// The COCO data set of a run: one file, whatever the number of images.
final class DataSetFile: RunOutput {
  private let writer: Mutex<COCOWriter>
  private let shape: COCOAnnotation.Shape
  /// Its own path.
  let path: String

  /// Opens the file that `--coco` names, if it does.
  init?(_ setup: RunSetup, job: SegmentationJob) throws {
    guard let path = setup.dataSetFile?.path else { return nil }
    (self.path, shape) = (path, setup.command.output.cocoMasks)
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

  func finish() throws { try writer.withLock { try $0.commit() } }
}
