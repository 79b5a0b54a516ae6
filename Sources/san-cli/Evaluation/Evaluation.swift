import SANCore
import SANExport
import SANInference

/// A model's predictions held against labels, a photo after the other.
struct Evaluation {
  let settings: EvaluationSettings
  let vocabulary: Vocabulary
  let plan: EvaluationPlan
  let state: EvaluationState?

  /// Evaluates the photos; those that the state has are not run again.
  func run(_ images: [LabelledImage]) throws -> EvaluationTally {
    var tally = EvaluationTally(classCount: settings.classes.count)
    let progress = BatchProgress(count: images.count, of: "photo")
    Console.hideSteps()
    for image in images {
      try Interruption.check()
      if let result = state?.result(of: image, prediction: plan.prediction(of: image)) {
        tally.add(result, isKnown: true)
        continue
      }
      let result = try keeping(tally) { try evaluate(image) }
      try state?.append(result, of: image, prediction: plan.prediction(of: image))
      tally.add(result)
      progress.show(
        done: tally.images - tally.known, ended: tally.images, more: "mIoU \(Evaluation.meanIoU(tally))")
    }
    if tally.known > 0, let file = plan.state?.path {
      Console.note("\(tally.known) of \(images.count) photos were known from \(file)")
    }
    return tally
  }

  private static func meanIoU(_ tally: EvaluationTally) -> String {
    SegmentationMetrics(tally.confusion).meanIoU.map { "\(($0 * 100).fixed(2)) %" } ?? "-"
  }

  /// Runs `work`; an error for which the results so far are lost says how to keep them.
  private func keeping(_ tally: EvaluationTally, _ work: () throws -> ImageResult) throws -> ImageResult {
    do {
      return try work()
    } catch let error where state == nil && tally.images > 0 && !(error is CancellationError) {
      let failure = Failure(error)
      throw EvaluationDataError(
        "\(failure.line) (with --state FILE, what is done by now, \(tally.images) of the photos, is kept)",
        status: failure.status)
    }
  }

  private func evaluate(_ image: LabelledImage) throws -> ImageResult {
    let photo = try RGBImage(contentsOf: image.image)
    let labels = try LabelImage(contentsOf: image.labels)
    guard labels.width == photo.width, labels.height == photo.height else {
      throw EvaluationDataError(
        "\(image.labels): has \(labels.width)×\(labels.height) pixels, but \(image.image), upright, has "
          + "\(photo.width)×\(photo.height): labels have to be of their photo's size",
        status: Failure.Status.data)
    }
    let truth = try decode(labels, path: image.labels)
    let prediction = try settings.predict(photo, vocabulary: vocabulary)
    if let path = plan.prediction(of: image) {
      try OutputFolder.make(Path.folder(of: path))
      let map = try LabelRendering.labelMap(prediction, classCount: settings.classes.count)
      try AtomicFile.write(map, to: path, durable: false)
    }
    return try ImageResult(
      name: image.name, truth: truth, prediction: prediction, classCount: settings.classes.count)
  }

  private func decode(_ labels: LabelImage, path: String) throws -> LabelEncoding.Decoded {
    do {
      return try settings.encoding.decode(labels)
    } catch {
      let ignored = settings.ignored.union([error.value]).sorted().map(String.init).joined(separator: ",")
      throw EvaluationDataError(
        "\(path): \(error); leave it out with --ignore \(ignored), or say what numbers mean with --label-offset "
          + "or --label-names",
        status: Failure.Status.data)
    }
  }
}
