import SANCore
import SANExport
import SANInference
import XCTest

final class LabelRenderingTests: XCTestCase {
  func testPaletteMap() throws {
    let labels = Pictures.labels("012 .20")
    let file = try LabelRendering.labelMap(labels, classCount: 3)
    XCTAssertEqual(try LabelImage(decoding: file, name: "map").labels, [0, 1, 2, 255, 2, 0])
    // As a picture it shows the classes' colours.
    let picture = try RGBImage(decoding: file, name: "map")
    XCTAssertEqual([picture.width, picture.height], [3, 2])
    let colors = (0..<2).flatMap { y in (0..<3).map { x in picture[x, y].hex } }
    XCTAssertEqual(colors, ["#e0243c", "#2878f0", "#ffd21e", "#808080", "#ffd21e", "#e0243c"])
    XCTAssertEqual(file[24], 8, "bits a sample")
    XCTAssertEqual(file[25], 3, "palette")
  }

  func testWideMap() throws {
    let labels = LabelMap(size: Grid(height: 1, width: 4), labels: [0, 254, 255, LabelMap.other])
    let file = try LabelRendering.labelMap(labels, classCount: 256)
    XCTAssertEqual(try LabelImage(decoding: file, name: "map").labels, [0, 254, 255, 65_535])
    XCTAssertEqual([file[24], file[25]], [16, 0], "16 bits of grey")

    let last = LabelMap(size: Grid(height: 1, width: 2), labels: [254, LabelMap.other])
    let narrow = try LabelRendering.labelMap(last, classCount: 255)
    XCTAssertEqual(try LabelImage(decoding: narrow, name: "map").labels, [254, 255])
    XCTAssertEqual([narrow[24], narrow[25]], [8, 3])
  }

  func testUnknownLabelIsRefused() throws {
    XCTAssertThrowsError(try LabelRendering.labelMap(Pictures.labels("03"), classCount: 3)) {
      XCTAssertEqual($0 as? RenderingError, .unknownLabel(label: 3, classCount: 3))
    }
  }

  func testMasks() throws {
    let labels = Pictures.labels("01. 100")
    func mask(_ label: UInt16) throws -> [UInt16] {
      try LabelImage(decoding: LabelRendering.mask(of: label, in: labels), name: "mask").labels
    }
    XCTAssertEqual(try mask(0), [255, 0, 0, 0, 255, 255])
    XCTAssertEqual(try mask(1), [0, 255, 0, 255, 0, 0])
    XCTAssertEqual(try mask(2), [0, 0, 0, 0, 0, 0])
    XCTAssertEqual(try mask(LabelMap.other), [0, 0, 255, 0, 0, 0])
  }

  func testMaskFileNames() {
    let names = [
      ("cat", "000-cat.png"), ("traffic light", "001-traffic-light.png"),
      ("../../etc/passwd", "002-etc-passwd.png"),
      ("Käse & Brot!", "003-Käse-Brot.png"), ("???", "004.png"), ("a\u{0}b\n", "005-a-b.png"),
      ("猫", "006-猫.png"),
      ("CON", "007-CON.png"), (" -- x -- ", "008-x.png"), ("1.5", "009-1-5.png"),
    ]
    let classes = names.map(\.0)
    for (label, name) in names.enumerated() {
      XCTAssertEqual(LabelRendering.maskFileName(of: UInt16(label), classes: classes), name.1)
    }
    XCTAssertEqual(LabelRendering.maskFileName(of: LabelMap.other, classes: classes), "other.png")

    let many = (0..<2000).map { _ in "x" }
    XCTAssertEqual(LabelRendering.maskFileName(of: 7, classes: many), "0007-x.png")
    XCTAssertEqual(Set((0..<2000).map { LabelRendering.maskFileName(of: $0, classes: many) }).count, 2000)

    let long = LabelRendering.maskFileName(of: 0, classes: [String(repeating: "é", count: 500)])
    XCTAssertEqual(long.utf8.count, 4 + 120 + 4)
    XCTAssertEqual(
      LabelRendering.maskFileName(of: 0, classes: ["a b" + String(repeating: "\u{301}", count: 500)]),
      "000-a.png")
  }
}
