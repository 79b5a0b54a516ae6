import SANCore
import SANExport
import SANInference
import XCTest

final class CutoutTests: XCTestCase {
  func testPixels() throws {
    let image = try RGBImage(width: 2, height: 2, pixels: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    let labels = Pictures.labels("0. 20")
    let (clear, first): ([UInt8], [UInt8]) = ([0, 0, 0, 0], [1, 2, 3, 255])
    XCTAssertEqual(
      try Cutout.render(image, labels: labels, keeping: [0]), first + clear + clear + [10, 11, 12, 255])
    XCTAssertEqual(
      try Cutout.render(image, labels: labels, keeping: [2, LabelMap.other]),
      clear + [4, 5, 6, 255, 7, 8, 9, 255] + clear)
    XCTAssertEqual(try Cutout.render(image, labels: labels, keeping: []), clear + clear + clear + clear)
    XCTAssertEqual(try Cutout.render(image, labels: labels, keeping: [1]), clear + clear + clear + clear)
  }

  func testSizes() throws {
    let image = try Pictures.gray(1, width: 2, height: 1)
    XCTAssertThrowsError(try Cutout.render(image, labels: Pictures.labels("0"), keeping: [0])) {
      XCTAssertEqual(
        $0 as? RenderingError,
        .sizeMismatch(photo: Grid(height: 1, width: 2), labels: Grid(height: 1, width: 1)))
    }
  }
}
