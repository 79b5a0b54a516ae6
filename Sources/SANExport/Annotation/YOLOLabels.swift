import SANCore
import SANInference

/// Segmentation labels as YOLO's tools read them: a text file for each photo, and one `data.yaml` that names the classes.
public enum YOLOLabels {
  /// The text of one photo's file: a line for each region, of its class's label and its polygon's corners `x y` as parts of the
  /// photo's width and height, with six decimals.
  ///
  /// - Parameters:
  ///   - polygons: by label, as ``RegionPolygons/all(in:classCount:editing:)`` makes them.
  ///   - size: the photo's size in pixels.
  public static func text(_ polygons: [[[Int]]], size: Grid) -> String {
    var text = ""
    for (label, regions) in polygons.enumerated() {
      for polygon in regions {
        text += "\(label)"
        for (index, value) in polygon.enumerated() {
          text += " " + share(value, of: index % 2 == 0 ? size.width : size.height)
        }
        text += "\n"
      }
    }
    return text
  }

  private static func share(_ value: Int, of whole: Int) -> String {
    let millionths = (2 * value * 1_000_000 + whole) / (2 * whole)
    let digits = String(millionths % 1_000_000)
    return "\(millionths / 1_000_000).\(String(repeating: "0", count: 6 - digits.count))\(digits)"
  }

  /// The text of `data.yaml`, for a folder in which `labels` has the photos' files and `images` the photos themselves.
  ///
  /// - Parameter classes: the classes' names, by label.
  public static func dataYAML(classes: [String]) -> String {
    // A string of JSON is one of YAML.
    let names = classes.enumerated().map { "  \($0): \(jsonString($1))\n" }.joined()
    return "path: .\ntrain: images\nval: images\nnames:\n\(names)"
  }
}
