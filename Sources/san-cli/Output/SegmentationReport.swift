import SANCore
import SANInference

/// A result with all that its outputs say of it.
struct SegmentationReport {
  let image: String
  let photo: RGBImage
  let segmenter: Segmenter
  let background: Background
  let vocabulary: Vocabulary
  let threshold: Float?
  let result: Segmentation

  /// Of so many classes all are in the table, of more those that have a pixel.
  private static let longestTable = 20

  /// The classes that the table leaves out.
  var unlisted: Int {
    result.classes.count > SegmentationReport.longestTable ? result.classes.count { $0.pixels == 0 } : 0
  }

  /// The table for people: a class a line.
  var table: String {
    var table = TextTable()
    table.add("class", "share", "score")
    let listed = unlisted == 0 ? result.classes : result.classes.filter { $0.pixels > 0 }
    for entry in listed + (result.other.map { [$0] } ?? []) {
      let share = "\((entry.coverage * 100).fixed(1)) %"
      table.add(entry.name.shortened, share, entry.pixels == 0 ? "-" : entry.meanScore.fixed(3))
    }
    return table.text
  }

  /// The result as JSON:
  ///
  ///     image       path, width and height, upright
  ///     model       name, path, parameters
  ///     classes     in the order given: name, label (its value in the label map), color (#rrggbb), pixels,
  ///                 coverage (0 to 1), score (the mean over its pixels; null where it has none)
  ///     other       as a class; null where every pixel gets a class
  ///     background  mode (none, distractors, names) and the names that competed
  ///     templates   the prompt templates' name
  ///     threshold   null where there is none
  ///     timings_ms  a step's duration, in the order of the run
  ///     total_ms    the whole run up to here
  func json(_ watch: Stopwatch) -> String {
    JSONText.object([
      (
        "image",
        .object([
          ("path", .string(image)), ("width", .integer(photo.width)), ("height", .integer(photo.height)),
        ])
      ),
      (
        "model",
        .object([
          ("name", .string(segmenter.name)), ("path", .string(segmenter.path)),
          ("parameters", .integer(segmenter.model.configuration.parameterCount)),
        ])
      ),
      ("classes", SegmentationReport.classes(result.classes)),
      ("other", SegmentationReport.other(result.other, classCount: result.classes.count)),
      (
        "background",
        .object([
          ("mode", .string(backgroundMode)), ("names", .array(vocabulary.distractors.map { .string($0) })),
        ])
      ),
      ("templates", .string(vocabulary.templates)),
      ("threshold", threshold.map { .real(Double("\($0)") ?? Double($0)) } ?? .null),
      ("timings_ms", .object(watch.steps.map { ($0.name, .real($0.duration.milliseconds)) })),
      ("total_ms", .real(watch.total.milliseconds)),
    ]).text
  }

  /// What each class has of the image.
  static func classes(_ classes: [Segmentation.ClassResult]) -> JSONText {
    .array(classes.enumerated().map { json($1, label: $0, color: Palette.color(of: $0)) })
  }

  /// What "other" has of the image.
  static func other(_ other: Segmentation.ClassResult?, classCount: Int) -> JSONText {
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
  static func otherLabel(classCount: Int) -> Int { classCount <= 255 ? 255 : Int(LabelMap.other) }

  private var backgroundMode: String {
    switch background {
    case .none: "none"
    case .distractors: "distractors"
    case .names: "names"
    }
  }
}
