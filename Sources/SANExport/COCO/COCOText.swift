import SANCore

/// An annotation as a data set has it, but for the two numbers that it begins with: what can be kept until its data set is
/// written, and is then the same, byte for byte.
package struct COCOText: Sendable, Hashable {
  /// The class: its index in the vocabulary.
  package let label: Int
  /// The members after the numbers, as JSON without braces.
  package let members: String

  package init(_ annotation: COCOAnnotation) {
    label = Int(annotation.label)
    let segmentation =
      switch annotation.segmentation {
      case .runLengths(let mask):
        "{\"size\": [\(mask.size.height), \(mask.size.width)], \"counts\": \(jsonString(mask.compressed))}"
      case .polygons(let polygons):
        "[\(polygons.map { "[\($0.map(String.init).joined(separator: ","))]" }.joined(separator: ", "))]"
      }
    let box = annotation.box
    members =
      "\"category_id\": \(label + 1), \"segmentation\": \(segmentation), \"area\": \(annotation.area), "
      + "\"bbox\": [\(box.x), \(box.y), \(box.width), \(box.height)], \"iscrowd\": 0"
      + (annotation.score.map { ", \"score\": \($0)" } ?? "")
  }

  /// Takes ``members`` that were kept; nil where they are not those of an annotation of one of `classCount` classes.
  package init?(members: String, classCount: Int) {
    let text = Array("{\(members)}".utf8)
    guard let value = try? text.withUnsafeBytes({ try JSONValue(parsing: $0) }),
      case .integer(let category)? = value["category_id"], (1...classCount).contains(category),
      value["segmentation"] != nil, value["area"] != nil, value["bbox"] != nil, value["id"] == nil,
      value["image_id"] == nil
    else { return nil }
    (label, self.members) = (category - 1, members)
  }
}
