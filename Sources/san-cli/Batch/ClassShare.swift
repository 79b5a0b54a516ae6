import SANCore
import SANInference

/// What one class, or "other", has of an image.
struct ClassShare: Sendable, Equatable {
  let name: String
  /// Its value in the label map's file.
  let label: Int
  let pixels: Int
  /// The share of the image, 0 to 1.
  let coverage: Double
  /// The mean over its pixels.
  let score: Double

  init(_ entry: Segmentation.ClassResult, label: Int) {
    (name, self.label, pixels) = (entry.name, label, entry.pixels)
    (coverage, score) = (entry.coverage, entry.meanScore)
  }

  var json: JSONText {
    .object([
      ("name", .string(name)), ("label", .integer(label)), ("pixels", .integer(pixels)),
      ("coverage", .real(coverage)), ("score", .real(score)),
    ])
  }

  /// Nil where the value is not what ``json`` writes.
  init?(_ value: JSONValue) {
    guard case .string(let name)? = value["name"], case .integer(let label)? = value["label"],
      case .integer(let pixels)? = value["pixels"], let coverage = value["coverage"]?.number,
      let score = value["score"]?.number
    else { return nil }
    (self.name, self.label, self.pixels, self.coverage, self.score) = (name, label, pixels, coverage, score)
  }
}

/// What remains of a result when its pictures are written.
struct ImageSummary: Sendable, Equatable {
  let width: Int
  let height: Int
  /// The classes that have pixels, in their order.
  let classes: [ClassShare]
  /// Nil where it has no pixel.
  let other: ClassShare?

  init(_ report: SegmentationReport) {
    let result = report.result
    (width, height) = (report.photo.width, report.photo.height)
    classes = result.classes.enumerated().filter { $1.pixels > 0 }.map { ClassShare($1, label: $0) }
    let otherLabel = SegmentationReport.otherLabel(classCount: result.classes.count)
    other = result.other.flatMap { $0.pixels > 0 ? ClassShare($0, label: otherLabel) : nil }
  }

  /// The members of an object.
  var members: [(String, JSONText)] {
    [
      ("width", .integer(width)), ("height", .integer(height)), ("classes", .array(classes.map(\.json))),
      ("other", other?.json ?? .null),
    ]
  }

  /// Nil where the value has not what ``members`` writes.
  init?(_ value: JSONValue) {
    guard case .integer(let width)? = value["width"], case .integer(let height)? = value["height"],
      case .array(let elements)? = value["classes"], let other = value["other"]
    else { return nil }
    let classes = elements.compactMap { ClassShare($0) }
    guard classes.count == elements.count, other == .null || ClassShare(other) != nil else { return nil }
    (self.width, self.height, self.classes, self.other) = (width, height, classes, ClassShare(other))
  }
}

extension JSONValue {
  /// The number, with or without a fraction.
  fileprivate var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .real(let value): value
    default: nil
    }
  }
}
