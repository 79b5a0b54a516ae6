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

  /// A cut-out is no more opaque than the photo, and its colours are the photo's without what shows through.
  func testTransparentPhoto() throws {
    let rgba: [UInt8] = [10, 20, 30, 255, 10, 20, 30, 0, 0, 255, 100, 128, 200, 100, 50, 5]
    let file = try PNGWriter.encode(rgba: rgba, width: 2, height: 2)
    let image = try RGBImage(decoding: file, name: "photo.png")
    let cutout = try Cutout.render(image, labels: Pictures.labels("00 00"), keeping: [0])
    XCTAssertEqual(cutout[0..<8], [10, 20, 30, 255, 0, 0, 0, 0])
    XCTAssertEqual([cutout[11], cutout[15]], [128, 5])
    // Laid over white it is what the network saw.
    let laid = try RGBImage(decoding: PNGWriter.encode(rgba: cutout, width: 2, height: 2), name: "cutout.png")
    XCTAssertEqual(laid.alpha, image.alpha)
    for (value, expected) in zip(laid.pixels, image.pixels) {
      XCTAssertLessThanOrEqual(abs(Int(value) - Int(expected)), 1)
    }
    // The colour of a pixel half opaque is told to a level.
    for (value, expected) in zip(cutout[8..<11], rgba[8..<11]) {
      XCTAssertLessThanOrEqual(abs(Int(value) - Int(expected)), 1)
    }
    let half = try Cutout.render(image, labels: Pictures.labels(".0 .."), keeping: [0])
    XCTAssertEqual(half, Array(repeating: 0, count: 16))
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
