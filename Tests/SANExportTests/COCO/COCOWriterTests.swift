import Foundation
import SANCore
import SANExport
import SANInference
import TestSupport
import XCTest

/// The data set as a whole, read back by another JSON reader.
final class COCOWriterTests: XCTestCase {
  private let names = [
    "cat", #"a "b", c\d"#, "Ärger – 森 🐈\u{301}", "line\nbreak\ttab\u{0}\u{1F}\u{7F}\u{2028}",
  ]

  private func json(_ folder: TemporaryFolder, _ name: String) throws -> [String: Any] {
    let bytes = try folder.bytes(name)
    return try XCTUnwrap(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  private func write(
    _ shape: COCOAnnotation.Shape, to path: String, images: [(name: String, labels: LabelMap)]
  ) throws {
    let writer = try COCOWriter(path, classes: names, description: "a \"test\"")
    for image in images {
      let annotations = try COCOAnnotation.all(
        in: image.labels, scores: [0.25, .nan, nil, 1e-9], shape: shape)
      try writer.add(fileName: image.name, size: image.labels.size, annotations: annotations)
    }
    try writer.commit()
  }

  private let images = [
    ("a \"quoted\"\n.jpg", Pictures.labels("00. .13 113")), ("none.png", Pictures.labels("..")),
    ("b/c.png", Pictures.labels("2")),
  ]

  func testRunLengths() throws {
    let folder = try TemporaryFolder()
    try write(.runLengths, to: folder.file("a.json"), images: images)
    let data = try json(folder, "a.json")
    XCTAssertEqual(Set(data.keys), ["info", "licenses", "images", "categories", "annotations"])
    XCTAssertEqual((data["licenses"] as? [Any])?.count, 0)
    XCTAssertEqual(data["info"] as? [String: String], ["description": "a \"test\""])

    let categories = try XCTUnwrap(data["categories"] as? [[String: Any]])
    XCTAssertEqual(categories.map { $0["id"] as? Int }, [1, 2, 3, 4])
    XCTAssertEqual(categories.map { $0["supercategory"] as? String }, ["", "", "", ""])
    // Scalar by scalar: Swift's equality takes composed and decomposed letters as one.
    XCTAssertEqual(
      categories.map { ($0["name"] as? String).map { Array($0.unicodeScalars) } },
      names.map { Array($0.unicodeScalars) })

    let listed = try XCTUnwrap(data["images"] as? [[String: Any]])
    XCTAssertEqual(listed.map { $0["id"] as? Int }, [1, 2, 3])
    XCTAssertEqual(listed.map { $0["file_name"] as? String }, images.map { $0.0 })
    XCTAssertEqual(listed.map { $0["width"] as? Int }, [3, 2, 1])
    XCTAssertEqual(listed.map { $0["height"] as? Int }, [3, 1, 1])

    let annotations = try XCTUnwrap(data["annotations"] as? [[String: Any]])
    // Four categories an image.
    XCTAssertEqual(annotations.map { $0["id"] as? Int }, [1, 2, 4, 11])
    XCTAssertEqual(annotations.map { $0["image_id"] as? Int }, [1, 1, 1, 3])
    XCTAssertEqual(annotations.map { $0["category_id"] as? Int }, [1, 2, 4, 3])
    XCTAssertEqual(annotations.map { $0["area"] as? Int }, [2, 3, 2, 1])
    XCTAssertEqual(
      annotations.map { $0["bbox"] as? [Int] }, [[0, 0, 2, 1], [0, 1, 2, 2], [2, 1, 1, 2], [0, 0, 1, 1]])
    XCTAssertEqual(annotations.map { $0["iscrowd"] as? Int }, [0, 0, 0, 0])
    XCTAssertEqual(annotations.map { $0["score"] as? Double }, [0.25, nil, 1e-9, nil])
    // By hand: 0 1 2 1 5, 2 1 1 2 3, 7 2 and 0 1, each from the fourth on less the last but one.
    let masks = annotations.compactMap { $0["segmentation"] as? [String: Any] }
    XCTAssertEqual(masks.map { $0["counts"] as? String }, ["01203", "21112", "72", "01"])
    XCTAssertEqual(masks.map { $0["size"] as? [Int] }, [[3, 3], [3, 3], [3, 3], [1, 1]])
  }

  func testPolygons() throws {
    let folder = try TemporaryFolder()
    try write(.polygons, to: folder.file("a.json"), images: images)
    let annotations = try XCTUnwrap(try json(folder, "a.json")["annotations"] as? [[String: Any]])
    XCTAssertEqual(
      annotations.map { $0["segmentation"] as? [[Int]] },
      [
        [[0, 0, 2, 0, 2, 1, 0, 1]], [[1, 1, 2, 1, 2, 3, 0, 3, 0, 2, 1, 2]],
        [[2, 1, 3, 1, 3, 3, 2, 3]], [[0, 0, 1, 0, 1, 1, 0, 1]],
      ])
    XCTAssertEqual(annotations.map { $0["area"] as? Int }, [2, 3, 2, 1])
  }

  /// What is kept of annotations makes the same file, in parts that number images as the whole does.
  func testKeptAnnotationsInParts() throws {
    for shape in COCOAnnotation.Shape.allCases {
      let folder = try TemporaryFolder()
      try write(shape, to: folder.file("whole.json"), images: images)
      func texts(_ labels: LabelMap) throws -> [COCOText] {
        let annotations = try COCOAnnotation.all(in: labels, scores: [0.25, .nan, nil, 1e-9], shape: shape)
        return try annotations.map {
          try XCTUnwrap(COCOText(members: COCOText($0).members, classCount: names.count))
        }
      }
      func writeKept(_ places: [Int], to name: String) throws -> [String: Any] {
        let writer = try COCOWriter(folder.file(name), classes: names, description: "a \"test\"")
        for place in places {
          let image = images[place]
          try writer.add(
            id: place + 1, fileName: image.0, size: image.1.size, annotations: texts(image.1))
        }
        try writer.commit()
        return try json(folder, name)
      }
      _ = try writeKept([0, 1, 2], to: "kept.json")
      XCTAssertEqual(try folder.bytes("kept.json"), try folder.bytes("whole.json"))
      let whole = try json(folder, "whole.json")
      let parts = [try writeKept([0, 2], to: "1.json"), try writeKept([1], to: "2.json")]
      for list in ["images", "annotations"] {
        let joined = try parts.flatMap { try XCTUnwrap($0[list] as? [[String: Any]]) }
        let sorted = joined.sorted { ($0["id"] as? Int ?? 0) < ($1["id"] as? Int ?? 0) }
        XCTAssertEqual(sorted as NSArray, whole[list] as? NSArray)
      }
    }
  }

  func testWhatIsNoAnnotation() throws {
    let sound = #""category_id": 4, "segmentation": [], "area": 1, "bbox": [0, 0, 1, 1]"#
    XCTAssertEqual(COCOText(members: sound, classCount: 4)?.label, 3)
    for text in [
      "", "}", sound + "}", sound + ", ", #"{"# + sound, sound + #", "id": 1"#, sound + #", "image_id": 1"#,
      sound.replacingOccurrences(of: "4", with: "5"), sound.replacingOccurrences(of: "4", with: "0"),
      sound.replacingOccurrences(of: "4", with: "\"4\""), sound.replacingOccurrences(of: "area", with: "x"),
    ] {
      XCTAssertNil(COCOText(members: text, classCount: 4), text)
    }
  }

  func testNothingIsSeenBeforeTheEnd() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write("old", to: folder.file("a.json"))
    do {
      let writer = try COCOWriter(folder.file("a.json"), classes: names, description: "")
      try writer.add(fileName: "x", size: Grid(height: 1, width: 1), annotations: [])
      XCTAssertEqual(try folder.bytes("a.json"), Array("old".utf8))
    }
    XCTAssertEqual(try folder.bytes("a.json"), Array("old".utf8))
    XCTAssertEqual(try folder.contents(), ["a.json"])
    try COCOWriter(folder.file("a.json"), classes: names, description: "").commit()
    let data = try json(folder, "a.json")
    XCTAssertEqual((data["images"] as? [Any])?.count, 0)
    XCTAssertEqual((data["annotations"] as? [Any])?.count, 0)
  }
}
