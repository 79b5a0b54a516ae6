import ArgumentParser
import SANExport
import SANInference

/// Results for programs in which people edit outlines.
struct AnnotationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Also write polygons as YOLO's tools read them into this folder, which is made if missing: labels/NAME.txt for each \
      photo, and data.yaml with the classes; link or copy the photos to its folder images. (default: none)
      """,
      valueName: "folder"),
    completion: .directory)
  var yolo: String?

  @Option(
    help: ArgumentHelp(
      """
      Also write polygons as labelme reads them, NAME.json for each photo, into this folder, which is made if missing and \
      may be the photos' own. (default: none)
      """,
      valueName: "folder"),
    completion: .directory)
  var labelme: String?

  @Option(
    help: ArgumentHelp(
      "Leave regions that enclose fewer pixels out of --yolo and --labelme, and fill such holes. (default: 0)",
      valueName: "pixels"),
    transform: NumberInRange.parser(0...ImageLimits.pixels))
  var minArea: Int?

  @Option(
    help: ArgumentHelp(
      """
      Let the polygons of --yolo and --labelme have fewer corners, those left out no farther than this from the outline. \
      (default: 0, every pixel's corner)
      """,
      valueName: "pixels"),
    transform: NumberInRange.parser(0.0...1000.0, "0 to 1000"))
  var simplify: Double?

  func validate() throws {
    for (option, folder) in [("--yolo", yolo), ("--labelme", labelme)] where folder == "" || folder == "-" {
      throw ValidationError("\(option): is no folder; name one")
    }
  }

  /// Checks that there are polygons where it is said how they are.
  func requireComplete() throws {
    guard yolo == nil, labelme == nil else { return }
    for (option, isGiven) in [("--min-area", minArea != nil), ("--simplify", simplify != nil)] where isGiven {
      throw ValidationError("\(option): needs --yolo or --labelme, whose polygons it is for")
    }
  }

  var editing: PolygonEditing { PolygonEditing(minimumArea: minArea ?? 0, tolerance: simplify ?? 0) }

  /// What decides how the polygons are; null where there are none.
  var settings: JSONText {
    guard yolo != nil || labelme != nil else { return .null }
    return .array([.integer(editing.minimumArea), .real(editing.tolerance)])
  }

  /// The file of the photo that is called `name`.
  func yoloFile(_ name: String) -> OutputFile? {
    yolo.map {
      OutputFile(option: "--yolo", path: Path.join(Path.join($0, "labels"), name + ".txt"), makesFolder: true)
    }
  }

  func labelmeFile(_ name: String) -> OutputFile? {
    labelme.map { OutputFile(option: "--labelme", path: Path.join($0, name + ".json"), makesFolder: true) }
  }
}
