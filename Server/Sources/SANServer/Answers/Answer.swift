import Foundation
import Hummingbird
import SANCore
import SANExport
import SANInference

/// The form in which a question is answered, by what it asks for and the client accepts.
enum AnswerForm: Sendable {
  /// The report, with pictures in it where some are asked for.
  case json
  /// One picture.
  case picture(Question.Output, PictureWriter)

  /// JSON first, so that it is what a client gets that takes anything.
  private static let types = ["application/json", "image/png", "image/jpeg", "image/webp"]

  /// The form of the answer to a question for `outputs`.
  ///
  /// - Throws: ``ServerError`` where the client takes none that there is.
  init(_ accept: Accept, outputs: [Question.Output]) throws {
    guard let type = accept.best(of: AnswerForm.types) else {
      throw ServerError(
        .notAcceptable, .notAcceptable,
        "none of the types that Accept names is answered; take one of \(AnswerForm.types.joined(separator: ", "))"
      )
    }
    let writer: PictureWriter
    switch type {
    case "image/png": writer = .png
    case "image/jpeg": writer = .jpeg
    case "image/webp": writer = .webP
    default:
      self = .json
      return
    }
    guard outputs.count <= 1 else {
      throw ServerError.badArgument(
        "outputs: \(outputs.count) pictures are asked for, but Accept takes one; take application/json, which holds all"
      )
    }
    let output = outputs.first ?? .overlay
    guard output == .overlay || writer == .png else {
      throw ServerError(
        .notAcceptable, .notAcceptable,
        "\(output.rawValue) is a picture whose every pixel counts; accept image/png")
    }
    if let problem = writer.problem { throw ServerError(.notAcceptable, .notAcceptable, problem) }
    self = .picture(output, writer)
  }
}

/// What was found in a photo, and what answers are made of.
struct Finding: Sendable {
  let question: Question
  let file: UploadedPhoto
  /// The photo's pixels, where they are decoded already.
  let image: RGBImage?
  let report: SegmentationReport
  let scores: WinningScores?
  let steps: [(name: String, duration: Duration)]
  let start: ContinuousClock.Instant

  /// The answer in a form.
  ///
  /// - Throws: `ImageError`, `RenderingError`.
  func response(_ form: AnswerForm) throws -> Response {
    switch form {
    case .picture(let output, let writer):
      return .bytes(try picture(output, writer), type: "image/\(writer.format.rawValue.lowercased())")
    case .json:
      let pictures = try question.outputs.map { ($0.rawValue, try picture($0, .png)) }
      var text = report.json(steps: steps, total: ContinuousClock.now - start)
      let end = "\n}\n"
      precondition(text.hasSuffix(end), "a report is an object")
      text.removeLast(end.count)
      let members = pictures.map { "\n    \"\($0)\": \"\(Data($1).base64EncodedString())\"" }
      text += ",\n  \"outputs\": {\(members.joined(separator: ","))\(members.isEmpty ? "" : "\n  ")}\(end)"
      return .bytes(text.utf8, type: "application/json")
    }
  }

  private func picture(_ output: Question.Output, _ writer: PictureWriter) throws -> [UInt8] {
    let labels = report.result.labels
    let classes = report.vocabulary.classes
    switch output {
    case .labels:
      return try LabelRendering.labelMap(labels, classCount: classes.count, kind: question.labelsAs)
    case .overlay:
      return try writer.encode(Overlay.render(decoded(), labels: labels, classes: classes), name: "overlay")
    case .cutout:
      return try PNGWriter.encode(
        rgba: Cutout.render(decoded(), labels: labels, keeping: question.kept), width: labels.size.width,
        height: labels.size.height)
    case .scores:
      guard let scores else { preconditionFailure("scores are taken where they are asked for") }
      return try PNGWriter.encode(gray: scores.bytes, width: labels.size.width, height: labels.size.height)
    }
  }

  private func decoded() throws -> RGBImage {
    try image ?? RGBImage(decoding: file.bytes, name: file.name)
  }
}
