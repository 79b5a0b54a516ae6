import SANCore
import SANInference

/// Answers questions about photos: the models, and what is kept between questions.
///
/// Its calls block a thread for as long as the network runs.
final class SegmentationDesk: Sendable {
  /// The models by their names; the first is the one that is used unless a question says otherwise.
  let segmenters: [Segmenter]
  let limits: ServerLimits
  let photos: KeptPhotos
  private let vocabularies = KeptVocabularies()

  /// A desk with `segmenters`, at least one.
  init(_ segmenters: [Segmenter], limits: ServerLimits) {
    precondition(!segmenters.isEmpty, "one model at least")
    (self.segmenters, self.limits) = (segmenters, limits)
    photos = KeptPhotos(count: limits.keptPhotos, bytes: limits.keptBytes, lifetime: limits.keptTime)
  }

  /// The model that a question names.
  ///
  /// - Throws: ``ServerError`` where it is not served.
  func segmenter(_ name: String?) throws -> Segmenter {
    guard let name else { return segmenters[0] }
    guard let segmenter = segmenters.first(where: { $0.name == name }) else {
      throw ServerError.badArgument(
        "model: \"\(name.prefix(60))\" is not served here; there are \(segmenters.map(\.name).joined(separator: ", "))"
      )
    }
    return segmenter
  }

  /// Decodes a photo that is no larger than the server takes.
  ///
  /// - Throws: ``ServerError``, `ImageError`.
  private func decode(_ photo: UploadedPhoto) throws -> RGBImage {
    let size = try RGBImage.size(ofEncoded: photo.bytes, name: photo.name)
    guard size.count <= limits.pixels else {
      throw ServerError.tooLarge(
        "\(photo.name): \(size.width)×\(size.height) pixels are more than the \(limits.pixels) that this server takes; make "
          + "it smaller first")
    }
    return try RGBImage(decoding: photo.bytes, name: photo.name)
  }

  /// Runs the network on a photo.
  ///
  /// - Throws: ``ServerError``, `ImageError`, and what `Segmenter.encode` throws.
  func encode(
    _ photo: UploadedPhoto, with segmenter: Segmenter, control: RunControl
  ) throws -> (photo: EncodedPhoto, notes: [String]) {
    let image = try decode(photo)
    let encoded = try segmenter.encode(image, control: control)
    return (EncodedPhoto(file: photo, encoded: encoded, model: segmenter.name), image.notes)
  }

  /// Answers a question about a photo that has just come.
  ///
  /// - Throws: ``ServerError``, `ImageError`, and what `Segmenter` throws.
  func answer(
    _ question: Question, about photo: UploadedPhoto, with segmenter: Segmenter, control: RunControl
  ) throws -> Finding {
    let start = ContinuousClock.now
    // Names before pixels: a list that cannot be used costs no run of the network.
    let vocabulary = try vocabulary(question, segmenter, control: control)
    let read = ContinuousClock.now
    let image = try decode(photo)
    let decoded = ContinuousClock.now
    let encoded = try segmenter.encode(image, control: control)
    let steps = [("text", read - start), ("decode", decoded - read)] + steps(encoded.timings)
    return try label(
      encoded, of: photo, image: image, question: question, vocabulary: vocabulary, segmenter: segmenter,
      control: control, steps: steps, start: start)
  }

  /// Answers a question about a photo that is kept.
  ///
  /// - Throws: what `Segmenter` throws.
  func answer(_ question: Question, about photo: EncodedPhoto, control: RunControl) throws -> Finding {
    let start = ContinuousClock.now
    let segmenter = try segmenter(photo.model)
    let vocabulary = try vocabulary(question, segmenter, control: control)
    return try label(
      photo.encoded, of: photo.file, image: nil, question: question, vocabulary: vocabulary,
      segmenter: segmenter, control: control, steps: [("text", ContinuousClock.now - start)], start: start)
  }

  private func vocabulary(
    _ question: Question, _ segmenter: Segmenter, control: RunControl
  ) throws -> Vocabulary {
    let key = KeptVocabularies.Key(
      model: segmenter.name, classes: question.classes, background: question.background)
    return try vocabularies.vocabulary(key) {
      try segmenter.vocabulary(question.classes, background: question.background, control: control)
    }
  }

  private func label(
    _ encoded: EncodedImage, of file: UploadedPhoto, image: RGBImage?, question: Question,
    vocabulary: Vocabulary, segmenter: Segmenter, control: RunControl,
    steps: [(name: String, duration: Duration)], start: ContinuousClock.Instant
  ) throws -> Finding {
    let scores =
      question.outputs.contains(.scores)
      ? WinningScores(classCount: vocabulary.classes.count, size: encoded.size) : nil
    let began = ContinuousClock.now
    let result = try segmenter.segment(
      encoded, vocabulary: vocabulary, threshold: question.threshold, scoresFile: scores, doubt: true,
      control: control)
    var report = SegmentationReport(
      image: file.name, segmenter: segmenter, background: question.background, vocabulary: vocabulary,
      threshold: question.threshold, result: result)
    report.modelPath = segmenter.name
    return Finding(
      question: question, file: file, image: image, report: report, scores: scores,
      steps: steps + [("labels", ContinuousClock.now - began)], start: start)
  }

  private func steps(_ timings: Timings) -> [(name: String, duration: Duration)] {
    timings.stages.map { ($0.stage.rawValue, $0.duration) }
  }
}
