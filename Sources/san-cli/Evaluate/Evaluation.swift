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
      throw EvaluationDataError(
        "\(Failure(error).line) (with --state FILE, what is done by now, \(tally.images) of the photos, is kept)",
        category: ErrorCategory(of: error))
    }
  }

  private func evaluate(_ image: LabelledImage) throws -> ImageResult {
    let photo = try RGBImage(contentsOf: image.image)
    let labels = try LabelImage(contentsOf: image.labels)
    guard labels.width == photo.width, labels.height == photo.height else {
      throw EvaluationDataError(
        "\(image.labels): has \(labels.width)×\(labels.height) pixels, but \(image.image), upright, has "
          + "\(photo.width)×\(photo.height): labels have to be of their photo's size",
        category: .damaged)
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
        category: .damaged)
    }
  }
}

/// Where everything goes that `eval` writes.
struct EvaluationPlan {
  /// Nil where it goes to standard output, or nowhere.
  let json: OutputFile?
  /// Whether the JSON takes the table's place.
  let printsJSON: Bool
  let csv: OutputFile?
  let confusion: OutputFile?
  let predictions: OutputFolder?
  let state: OutputFile?

  init(_ options: EvaluationOutputOptions) {
    printsJSON = options.json == "-"
    json = printsJSON ? nil : options.json.map { OutputFile(option: "--json", path: $0) }
    csv = options.csv.map { OutputFile(option: "--csv", path: $0) }
    confusion = options.confusion.map { OutputFile(option: "--confusion", path: $0) }
    predictions = options.predictions.map { OutputFolder(option: "--predictions", path: $0) }
    state = options.state.map { OutputFile(option: "--state", path: $0) }
  }

  /// Checks, before any work is done, all that can go wrong with the outputs but a full disk.
  func check(inputs: [String], images: [LabelledImage], classCount: Int) throws {
    let files = [json, csv, confusion, state].compactMap { $0 }
    for file in files { try file.requireWritable() }
    try confusion?.requireExtension("png", kind: "PNG picture")
    try predictions?.requireWritable()
    let maps = images.compactMap { image in
      prediction(of: image).map { OutputFile(option: "--predictions", path: $0) }
    }
    try OutputFile.requireDistinct(
      files + maps, inputs: inputs + images.flatMap { [$0.image, $0.labels] })
    try checkPredictions(of: images)
    if confusion != nil, classCount > ConfusionPicture.maximumClasses {
      throw UsageError(
        "--confusion",
        "a picture has room for \(ConfusionPicture.maximumClasses) classes, not for \(classCount); leave it out"
      )
    }
  }

  /// Checks that no two label maps are one file on some disk.
  private func checkPredictions(of images: [LabelledImage]) throws {
    guard predictions != nil else { return }
    var taken: [String: LabelledImage] = [:]
    for image in images {
      guard let other = taken.updateValue(image, forKey: Path.key(image.name)) else { continue }
      throw UsageError(
        "--predictions",
        "\(other.image) and \(image.image) differ in letters' case alone, which not every disk tells apart; rename one"
      )
    }
  }

  /// The file of a photo's predicted label map, where it is wanted.
  func prediction(of image: LabelledImage) -> String? {
    predictions.map { Path.join($0.path, "\(image.name).png") }
  }
}
