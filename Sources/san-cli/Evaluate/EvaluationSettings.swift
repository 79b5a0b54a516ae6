import SANCore
import SANExport
import SANInference

/// Everything that results depend on but the photos and labels.
struct EvaluationSettings {
  let segmenter: Segmenter
  let classes: [ClassName]
  let synonyms: SynonymPooling
  let templates: PromptTemplates
  let shortSide: Int
  let views: ViewOptions
  let encoding: LabelEncoding
  /// Numbers in label files that are left out.
  let ignored: Set<UInt16>

  /// The classes' titles.
  var titles: [String] { classes.map(\.title) }

  private var longSideLimit: Int { 4 * shortSide }

  /// Labels a photo's pixels by the published protocol.
  func predict(_ photo: RGBImage, vocabulary: Vocabulary) throws -> LabelMap {
    let target = try TargetSize.evaluation(
      width: photo.width, height: photo.height, shortSide: shortSide, longSideLimit: longSideLimit)
    let encoded = try segmenter.encode(
      photo, resizedTo: target, resampling: .bilinear, views: views, control: Interruption.control)
    return try segmenter.segment(encoded, vocabulary: vocabulary, control: Interruption.control).labels
  }

  /// What reports tell.
  var members: [(String, JSONText)] {
    [
      ("model", .string(segmenter.name)), ("precision", .string(segmenter.precision.rawValue)),
      ("classes", .integer(classes.count)),
      ("synonyms", .string(synonyms.rawValue)), ("templates", .string(templates.name)),
      ("short_side", .integer(shortSide)),
      ("long_side_limit", .integer(longSideLimit)), ("resampling", .string("bilinear")),
      ("scales", .array(views.scales.map { .real($0) })), ("flip", .verbatim(views.flip ? "true" : "false")),
      ("window", views.window.map { .integer($0.side) } ?? .null),
      ("overlap", views.window.map { .real($0.overlap) } ?? .null),
      ("ignore", .array(ignored.sorted().map { .integer(Int($0)) })),
    ]
  }

  /// What the state file's first line tells: these, and digests of what is too long for it.
  func header() throws -> [(String, JSONText)] {
    [("format", .string("san-cli eval 1"))] + members + [
      ("model_sha256", .string(try modelDigest())),
      ("vocabulary_sha256", .string(EvaluationSettings.digest(vocabularyTexts))),
      ("templates_sha256", .string(EvaluationSettings.digest(templates.templates))),
      ("label_numbers_sha256", .string(EvaluationSettings.digest(encodingTable))),
    ]
  }

  /// The model file's bytes and its configuration, which may lie beside it.
  private func modelDigest() throws -> String {
    var digest = Digest()
    let file = try MappedFile(path: segmenter.path)
    let step = 1 << 24
    for start in stride(from: 0, to: file.byteCount, by: step) {
      try Interruption.check()
      Console.show("checking \(segmenter.path)")
      digest.update(UnsafeRawBufferPointer(rebasing: file.bytes[start..<min(start + step, file.byteCount)]))
    }
    digest.update(segmenter.model.configuration.json)
    return digest.finish()
  }

  private var vocabularyTexts: [String] {
    classes.flatMap { ["\($0.synonyms.count)", $0.title] + $0.synonyms }
  }

  /// What each number stands for.
  private var encodingTable: [String] { (0...UInt16.max).map { "\(encoding[$0])" } }

  /// The digest of texts, each with its length, so that no two lists are one.
  private static func digest(_ texts: [String]) -> String {
    Digest.of(texts.map { "\($0.utf8.count) \($0)\n" }.joined())
  }
}
