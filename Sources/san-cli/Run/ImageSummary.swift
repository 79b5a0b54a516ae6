import SANCore
import SANExport
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
  /// How sure the labels are, where that could be measured.
  let doubt: Doubt?
  /// What a data set has of it; nil where none is made.
  let annotations: [COCOText]?

  /// - Parameters:
  ///   - shape: how a data set tells masks, if one is made.
  ///   - otherLabel: what "other" is in the label map's file; nil for a photo's.
  init(_ report: SegmentationReport, shape: COCOAnnotation.Shape?, otherLabel: UInt16? = nil) throws {
    let result = report.result
    (width, height) = (result.labels.size.width, result.labels.size.height)
    classes = result.classes.enumerated().filter { $1.pixels > 0 }.map { ClassShare($1, label: $0) }
    doubt = result.doubt
    let otherLabel =
      otherLabel.map(Int.init) ?? SegmentationReport.otherLabel(classCount: result.classes.count)
    other = result.other.flatMap { $0.pixels > 0 ? ClassShare($0, label: otherLabel) : nil }
    annotations = try shape.map { try COCOAnnotation.all(in: result, shape: $0).map(COCOText.init) }
  }

  /// The members of an object for people: all but the annotations.
  var members: [(String, JSONText)] {
    [
      ("width", .integer(width)), ("height", .integer(height)), ("classes", .array(classes.map(\.json))),
      ("other", other?.json ?? .null), ("doubt", doubt?.json ?? .null),
    ]
  }

  /// The members of an object that ``init(kept:classCount:)`` takes.
  var kept: [(String, JSONText)] {
    members + (annotations.map { [("coco", .array($0.map { .string($0.members) }))] } ?? [])
  }

  /// Nil where the value has not what ``kept`` writes of a run with `classCount` classes.
  init?(kept value: JSONValue, classCount: Int) {
    guard case .integer(let width)? = value["width"], case .integer(let height)? = value["height"],
      case .array(let elements)? = value["classes"], let other = value["other"],
      let doubt = value["doubt"]
    else { return nil }
    let classes = elements.compactMap { ClassShare($0) }
    guard classes.count == elements.count, other == .null || ClassShare(other) != nil,
      doubt == .null || Doubt(doubt) != nil
    else { return nil }
    self.doubt = Doubt(doubt)
    (self.width, self.height, self.classes, self.other) = (width, height, classes, ClassShare(other))
    guard let texts = value["coco"] else {
      annotations = nil
      return
    }
    guard case .array(let texts) = texts else { return nil }
    let annotations = texts.compactMap { text -> COCOText? in
      guard case .string(let members) = text else { return nil }
      return COCOText(members: members, classCount: classCount)
    }
    guard annotations.count == texts.count else { return nil }
    self.annotations = annotations
  }
}

extension Doubt {
  /// Nil where the value is not what ``json`` writes.
  init?(_ value: JSONValue) {
    guard let margin = value["margin"]?.number, let unsure = value["unsure"]?.number else { return nil }
    self.init(meanMargin: margin, unsureShare: unsure)
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
