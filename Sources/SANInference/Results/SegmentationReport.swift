import SANCore

/// A result with all that it came of, as JSON for other programs: what `san-cli segment --json` writes.
public struct SegmentationReport: Sendable {
  /// What the photo is called, such as its path.
  public let image: String
  /// What labelled it.
  public let segmenter: Segmenter
  /// What the model's file is called: its path, unless that is nobody's business.
  public var modelPath: String
  /// What pixels could be beside the classes.
  public let background: Background
  /// The classes.
  public let vocabulary: Vocabulary
  /// Below which best score a pixel became "other".
  public let threshold: Float?
  /// What was found.
  public let result: Segmentation

  /// A report of `result`, and of what it came of.
  public init(
    image: String, segmenter: Segmenter, background: Background, vocabulary: Vocabulary, threshold: Float?,
    result: Segmentation
  ) {
    (self.image, self.segmenter, self.background) = (image, segmenter, background)
    modelPath = segmenter.path
    (self.vocabulary, self.threshold, self.result) = (vocabulary, threshold, result)
  }

  /// The result as JSON:
  ///
  ///     image       path, width and height, upright
  ///     model       name, path, parameters
  ///     classes     in the order given: name, label (its value in the label map), color (#rrggbb), pixels,
  ///                 coverage (0 to 1), score (the mean over its pixels; null where it has none)
  ///     other       as a class; null where every pixel gets a class
  ///     doubt       margin, by how much the label that won is ahead of the next in the mean, and unsure, the share of
  ///                 pixels (0 to 1) where that is less than 0.1; null where it was not measured
  ///     background  mode (none, distractors, names) and the names that competed
  ///     templates   the prompt templates' name
  ///     threshold   null where there is none
  ///     timings_ms  a step's duration, in the order of the run
  ///     total_ms    the whole run up to here
  ///
  /// - Parameters:
  ///   - steps: what the run did and how long each took, such as ``Segmentation/timings``' stages.
  ///   - total: the time of the whole run.
  public func json(steps: [(name: String, duration: Duration)], total: Duration) -> String {
    JSONText.object([
      (
        "image",
        .object([
          ("path", .string(image)), ("width", .integer(result.labels.size.width)),
          ("height", .integer(result.labels.size.height)),
        ])
      ),
      (
        "model",
        .object([
          ("name", .string(segmenter.name)), ("path", .string(modelPath)),
          ("parameters", .integer(segmenter.model.configuration.parameterCount)),
        ])
      ),
      ("classes", SegmentationReport.classes(result.classes)),
      ("other", SegmentationReport.other(result.other, classCount: result.classes.count)),
      ("doubt", result.doubt?.json ?? .null),
      (
        "background",
        .object([
          ("mode", .string(backgroundMode)), ("names", .array(vocabulary.distractors.map { .string($0) })),
        ])
      ),
      ("templates", .string(vocabulary.templates)),
      ("threshold", threshold.map { .real(Double("\($0)") ?? Double($0)) } ?? .null),
      ("timings_ms", .object(steps.map { ($0.name, .real($0.duration.milliseconds)) })),
      ("total_ms", .real(total.milliseconds)),
    ]).text
  }

  /// What each class has of the image.
  package static func classes(_ classes: [Segmentation.ClassResult]) -> JSONText {
    .array(classes.enumerated().map { json($1, label: $0, color: Palette.color(of: $0)) })
  }

  /// What "other" has of the image.
  package static func other(_ other: Segmentation.ClassResult?, classCount: Int) -> JSONText {
    other.map { json($0, label: otherLabel(classCount: classCount), color: Palette.other) } ?? .null
  }

  private static func json(_ entry: Segmentation.ClassResult, label: Int, color: RGBColor) -> JSONText {
    .object([
      ("name", .string(entry.name)), ("label", .integer(label)), ("color", .string(color.hex)),
      ("pixels", .integer(entry.pixels)), ("coverage", .real(entry.coverage)),
      ("score", entry.pixels == 0 ? .null : .real(entry.meanScore)),
    ])
  }

  /// The value of "other" in the label map's file: the highest of its 8 or 16 bits.
  package static func otherLabel(classCount: Int) -> Int { classCount <= 255 ? 255 : Int(LabelMap.other) }

  private var backgroundMode: String {
    switch background {
    case .none: "none"
    case .distractors: "distractors"
    case .names: "names"
    }
  }
}

extension Duration {
  /// Milliseconds, to a thousandth.
  package var milliseconds: Double { (self / .microseconds(1)).rounded() / 1000 }
}
