import Foundation
import SANCore
import SANExport
import SANInference
import TestSupport
import XCTest

/// Run lengths, boxes and polygons against pycocotools'.
final class MaskExportTests: XCTestCase {
  func testRunLengths() throws {
    for map in try ExportFixtures.load() {
      let masks = try RunLengthMask.all(in: map.labels(), classCount: map.classes.count)
      XCTAssertEqual(masks.count, map.classes.count)
      for (label, (mask, expected)) in zip(masks, map.classes).enumerated() {
        let name = "\(map.name), class \(label)"
        XCTAssertEqual(mask.compressed, expected.counts, name)
        XCTAssertEqual(mask.area, expected.area, name)
        let box = mask.boundingBox
        XCTAssertEqual([box.x, box.y, box.width, box.height], expected.box, name)
        XCTAssertEqual(mask.counts.reduce(0, +), UInt32(map.width * map.height), name)
      }
    }
  }

  func testPolygons() throws {
    for map in try ExportFixtures.load() {
      let polygons = try RegionPolygons.all(in: map.labels(), classCount: map.classes.count)
      XCTAssertEqual(polygons.count, map.classes.count)
      for (label, (found, expected)) in zip(polygons, map.classes).enumerated() {
        let name = "\(map.name), class \(label)"
        if let polygons = expected.polygons {
          XCTAssertEqual(found, polygons, name)
        } else {
          let text =
            "["
            + found.map { "[" + $0.map(String.init).joined(separator: ",") + "]" }
            .joined(separator: ",") + "]"
          XCTAssertEqual(crc32(Array(text.utf8)), expected.polygonsChecksum, name)
        }
      }
    }
  }

  /// A hole below a hole below a hole …: as deep as the picture is high.
  func testHolesInAColumn() throws {
    let (width, height) = (3, 60_001)
    let labels = LabelMap(
      size: Grid(height: height, width: width),
      labels: (0..<width * height).map { $0 % width == 1 && $0 / width % 2 == 1 ? LabelMap.other : 0 })
    let polygons = try RegionPolygons.all(in: labels, classCount: 1)[0]
    XCTAssertEqual(polygons.count, 1)
    // Four corners of the outline, and seven places for each hole.
    XCTAssertEqual(polygons[0].count, 2 * (4 + 30_000 * 7))
    XCTAssertEqual(area(polygons[0]), width * height - 30_000)
  }

  func testLabelsWithoutAClass() {
    let labels = Pictures.labels("01 2.")
    let expected = RenderingError.unknownLabel(label: 2, classCount: 2)
    XCTAssertThrowsError(try RunLengthMask.all(in: labels, classCount: 2)) {
      XCTAssertEqual($0 as? RenderingError, expected)
    }
    XCTAssertThrowsError(try RegionPolygons.all(in: labels, classCount: 2)) {
      XCTAssertEqual($0 as? RenderingError, expected)
    }
    XCTAssertThrowsError(try COCOAnnotation.all(in: labels, scores: [1, 1])) {
      XCTAssertEqual($0 as? RenderingError, expected)
    }
  }

  /// By the shoelace formula.
  private func area(_ polygon: [Int]) -> Int {
    let count = polygon.count / 2
    return (0..<count).reduce(0) { sum, index in
      let next = (index + 1) % count
      return sum + polygon[2 * index] * polygon[2 * next + 1] - polygon[2 * next] * polygon[2 * index + 1]
    } / 2
  }
}
