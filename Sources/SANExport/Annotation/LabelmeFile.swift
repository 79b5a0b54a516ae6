import SANCore
import SANInference

/// One photo's regions as labelme opens them beside the photo.
public enum LabelmeFile {
  /// The version of labelme whose format this is.
  private static let version = "5.4.1"

  /// The file's text, JSON.
  ///
  /// - Parameters:
  ///   - polygons: by label, as ``RegionPolygons/all(in:classCount:editing:)`` makes them.
  ///   - classes: the classes' names, by label.
  ///   - imagePath: the photo's path from the folder of the file.
  ///   - size: the photo's size in pixels, upright.
  public static func json(_ polygons: [[[Int]]], classes: [String], imagePath: String, size: Grid) -> String {
    let shapes = polygons.enumerated().flatMap { label, regions in
      regions.map { polygon in
        let points = stride(from: 0, to: polygon.count, by: 2).map { index in
          JSONText.array([.integer(polygon[index]), .integer(polygon[index + 1])])
        }
        return JSONText.object([
          ("label", .string(classes[label])), ("points", .array(points)), ("group_id", .null),
          ("description", .string("")), ("shape_type", .string("polygon")), ("flags", .object([])),
          ("mask", .null),
        ])
      }
    }
    return JSONText.object([
      ("version", .string(version)), ("flags", .object([])), ("shapes", .array(shapes)),
      ("imagePath", .string(imagePath)), ("imageData", .null), ("imageHeight", .integer(size.height)),
      ("imageWidth", .integer(size.width)),
    ]).line
  }
}
