import Foundation
import SANCore
import SANExport
import SANInference
import XCTest

/// `--yolo` and `--labelme`: what people edit, held against the label map.
final class AnnotationTests: XCTestCase {
  private func labels(_ segmenting: Segmenting, _ name: String) throws -> LabelMap {
    let image = try LabelImage(contentsOf: segmenting.folder[name].path)
    return LabelMap(
      size: Grid(height: image.height, width: image.width),
      labels: image.labels.map { $0 == 255 ? LabelMap.other : $0 })
  }

  func testYOLO() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/sub/b.png")
    let outcome = try segmenting.run(["in", "--no-overlay", "--yolo", "set", "--labels", "maps"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(try segmenting.outputs("set"), ["data.yaml", "labels/a.txt", "labels/sub/b.txt"])
    XCTAssertEqual(
      String(decoding: try segmenting.folder.bytes("set/data.yaml"), as: UTF8.self),
      "path: .\ntrain: images\nval: images\nnames:\n  0: \"cat\"\n  1: \"dog\"\n")
    for name in ["a", "sub/b"] {
      let map = try labels(segmenting, "maps/\(name).png")
      let polygons = try RegionPolygons.all(in: map, classCount: 2)
      let text = String(decoding: try segmenting.folder.bytes("set/labels/\(name).txt"), as: UTF8.self)
      let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
      let expected = polygons.enumerated().flatMap { label, regions in regions.map { (label, $0) } }
      XCTAssertEqual(lines.count, expected.count)
      XCTAssertGreaterThan(lines.count, 0)
      for (line, (label, polygon)) in zip(lines, expected) {
        XCTAssertEqual(Int(line[0]), label)
        let values = line.dropFirst().enumerated().map { index, text in
          (Double(text) ?? -1) * Double(index % 2 == 0 ? map.size.width : map.size.height)
        }
        XCTAssertEqual(values.count, polygon.count)
        for (value, corner) in zip(values, polygon) { XCTAssertEqual(value, Double(corner), accuracy: 1e-4) }
      }
    }
    // The list of classes reads back as one.
    XCTAssertEqual(
      try Program.run(
        [
          "segment", "in/a.png", "--model", ToyFiles.model.path, "--templates", "plain", "--no-overlay",
          "--classes-file", "set/data.yaml",
        ], in: segmenting.folder.url
      ).status, 0)
    // Labels of other classes do not come beside these.
    let other = try Program.run(
      [
        "segment", "in/a.png", "--model", ToyFiles.model.path, "--templates", "plain", "--no-overlay",
        "--classes", "cat,tree", "--yolo", "set",
      ], in: segmenting.folder.url)
    XCTAssertEqual(other.status, 64)
    XCTAssert(
      other.errors.contains("set/data.yaml is there and is not what this run would write"), other.errors)
  }

  func testYOLOOfAPhotoWithNothing() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.png")
    let outcome = try segmenting.run(["a.png", "--no-overlay", "--yolo", "set", "--threshold", "1000000"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(try segmenting.folder.bytes("set/labels/a.txt"), [])
  }

  func testLabelme() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/sub/b.png")
    // Beside the photos, twice over, and in another folder through a link.
    for _ in 0..<2 {
      let beside = try segmenting.run(["in", "--no-overlay", "--labelme", "in", "--labels", "maps"])
      XCTAssertEqual(beside.status, 0, beside.errors)
      XCTAssertEqual(beside.images, ["in/a.png", "in/sub/b.png"])
    }
    try FileManager.default.createDirectory(
      at: segmenting.folder["far/away"], withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: segmenting.folder["link"].path, withDestinationPath: "far/away")
    XCTAssertEqual(try segmenting.run(["in", "--no-overlay", "--labelme", "link"]).status, 0)
    for (file, image, name) in [
      ("in/a.json", "a.png", "a"), ("in/sub/b.json", "b.png", "sub/b"),
      ("link/a.json", "../../in/a.png", "a"),
      ("link/sub/b.json", "../../../in/sub/b.png", "sub/b"),
    ] {
      let json = try XCTUnwrap(
        try JSONSerialization.jsonObject(with: Data(segmenting.folder.bytes(file))) as? [String: Any])
      XCTAssertEqual(json["imagePath"] as? String, image)
      XCTAssertEqual(json["imageData"] as? NSNull, NSNull())
      let map = try labels(segmenting, "maps/\(name).png")
      XCTAssertEqual(
        [json["imageWidth"] as? Int, json["imageHeight"] as? Int], [map.size.width, map.size.height])
      let folder = segmenting.folder[file].resolvingSymlinksInPath().deletingLastPathComponent()
      XCTAssert(FileManager.default.fileExists(atPath: folder.appendingPathComponent(image).path), image)
      let polygons = try RegionPolygons.all(in: map, classCount: 2)
      let shapes = try XCTUnwrap(json["shapes"] as? [[String: Any]])
      XCTAssertEqual(
        shapes.map { $0["label"] as? String },
        zip(["cat", "dog"], polygons).flatMap { name, regions in regions.map { _ in name } })
      XCTAssertEqual(shapes.map { ($0["points"] as? [[Int]])?.flatMap { $0 } }, Array(polygons.joined()))
      XCTAssertEqual(Set(shapes.map { $0["shape_type"] as? String }), ["polygon"])
    }
  }

  func testEditing() throws {
    let segmenting = try Segmenting()
    try segmenting.addFile("a.png", ToyFiles.png(width: 90, height: 70))
    let outcome = try segmenting.run([
      "a.png", "--no-overlay", "--labelme", "set", "--labels", "map.png", "--min-area", "40", "--simplify",
      "1.5",
    ])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let json = try XCTUnwrap(
      try JSONSerialization.jsonObject(with: Data(segmenting.folder.bytes("set/a.json"))) as? [String: Any])
    let shapes = try XCTUnwrap(json["shapes"] as? [[String: Any]])
    let polygons = try RegionPolygons.all(
      in: labels(segmenting, "map.png"), classCount: 2,
      editing: PolygonEditing(minimumArea: 40, tolerance: 1.5))
    XCTAssertEqual(shapes.map { ($0["points"] as? [[Int]])?.flatMap { $0 } }, Array(polygons.joined()))
    for option in ["--min-area", "--simplify"] {
      let alone = try segmenting.run(["a.png", option, "2"])
      XCTAssertEqual(alone.status, 64)
      XCTAssert(alone.errors.contains("\(option): needs --yolo or --labelme"), alone.errors)
    }
  }

  func testSkipping() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png")
    let options = ["in", "--no-overlay", "--yolo", "set", "--labelme", "me", "--skip-existing"]
    XCTAssertEqual(try segmenting.run(options).status, 0)
    XCTAssert(try segmenting.run(options).errors.contains("0 images done, 1 skipped"))
    XCTAssert(try segmenting.run(options + ["--simplify", "1"]).errors.contains("1 image done"))
    XCTAssert(try segmenting.run(options + ["--simplify", "1"]).errors.contains("1 skipped"))
    // An outline that somebody has corrected stays.
    try segmenting.addFile("me/a.json", Array("{}".utf8))
    let edited = try segmenting.run(options)
    XCTAssertEqual(edited.status, 65)
    XCTAssert(
      edited.errors.contains("me/a.json: exists and is not what an earlier run has written"), edited.errors)
    XCTAssertEqual(try segmenting.folder.bytes("me/a.json"), Array("{}".utf8))
  }
}
