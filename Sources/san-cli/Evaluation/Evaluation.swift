import SANCore
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
    var known = 0
    Console.hideSteps()
    for image in images {
      try Interruption.check()
      if let result = state?.result(of: image), hasPrediction(image) {
        tally.add(result)
        known += 1
        continue
      }
      let result = try evaluate(image)
      try state?.append(result, of: image)
      tally.add(result)
      show(tally, of: images.count)
    }
    if known > 0, let file = plan.state?.path {
      Console.note("\(known) of \(images.count) photos were known from \(file)")
    }
    return tally
  }

  /// Whether a photo's prediction is there or not wanted.
  private func hasPrediction(_ image: LabelledImage) -> Bool {
    plan.prediction(of: image).map { FileStatus($0) != nil } ?? true
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

  /// How far the run is, and the means so far: in place on a terminal, else a line at each tenth of the run, or at each
  /// hundredth of more than a thousand photos.
  private func show(_ tally: EvaluationTally, of count: Int) {
    let parts = count > 1000 ? 100 : 10
    let isStep = tally.images * parts / count > (tally.images - 1) * parts / count
    guard Console.isTerminal || isStep else { return }
    let metrics = SegmentationMetrics(tally.confusion)
    func percent(_ share: Double?) -> String { share.map { "\(($0 * 100).fixed(2)) %" } ?? "-" }
    let line =
      "\(tally.images) of \(count) photos: mIoU \(percent(metrics.meanIoU)), "
      + "pixel accuracy \(percent(metrics.pixelAccuracy))"
    if Console.isTerminal {
      Console.showBar(String(line.prefix(Console.width - 1)))
    } else if tally.images < count {
      Console.note(line)
    }
  }
}
