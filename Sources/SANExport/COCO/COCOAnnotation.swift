import SANCore
import SANInference

/// One class's part of one image, as COCO's data format tells it.
public struct COCOAnnotation: Sendable, Hashable {
  /// How pixels are told.
  public enum Shape: String, Sendable, Hashable, CaseIterable {
    /// ``RunLengthMask``, as text.
    case runLengths = "rle"
    /// ``RegionPolygons``. They give the same pixels and are easier to edit, but longer.
    case polygons
  }

  /// The pixels.
  public enum Segmentation: Sendable, Hashable {
    /// As run lengths.
    case runLengths(RunLengthMask)
    /// As outlines: `x, y` of corner after corner, one a region.
    case polygons([[Int]])
  }

  /// The class: its index in the vocabulary.
  public let label: UInt16
  /// The pixels.
  public let segmentation: Segmentation
  /// How many they are.
  public let area: Int
  /// The rectangle around them.
  public let box: BoundingBox
  /// The class's mean score there, where it is known.
  public let score: Double?

  /// An annotation for each class that has pixels, in the order of labels.
  ///
  /// - Parameters:
  ///   - labels: a class for each pixel.
  ///   - scores: by label; what is not finite is as unknown as nil.
  ///   - shape: how pixels are told.
  /// - Throws: ``RenderingError/unknownLabel(label:classCount:)`` for a label without an entry in `scores`.
  public static func all(
    in labels: LabelMap, scores: [Double?], shape: Shape = .runLengths
  ) throws(RenderingError) -> [COCOAnnotation] {
    let masks = try RunLengthMask.all(in: labels, classCount: scores.count)
    let polygons = shape == .polygons ? try RegionPolygons.all(in: labels, classCount: scores.count) : []
    return masks.enumerated().compactMap { index, mask in
      let area = mask.area
      guard area > 0 else { return nil }
      return COCOAnnotation(
        label: UInt16(index),
        segmentation: shape == .polygons ? .polygons(polygons[index]) : .runLengths(mask),
        area: area, box: mask.boundingBox, score: scores[index].flatMap { $0.isFinite ? $0 : nil })
    }
  }

  /// An annotation for each class that was found, with its mean score. Areas and boxes are in pixels of the photo.
  ///
  /// - Throws: ``RenderingError/unknownLabel(label:classCount:)`` where the result's map has a label of no class, which no
  ///   segmenter makes.
  public static func all(
    in result: SANInference.Segmentation, shape: Shape = .runLengths
  ) throws(RenderingError) -> [COCOAnnotation] {
    try all(in: result.labels, scores: result.classes.map(\.meanScore), shape: shape)
  }
}
