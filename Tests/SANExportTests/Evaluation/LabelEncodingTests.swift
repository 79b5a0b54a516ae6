import SANExport
import SANInference
import XCTest

/// What the numbers in label files stand for.
final class LabelEncodingTests: XCTestCase {
  func testIndices() {
    let encoding = LabelEncoding(classCount: 3)
    XCTAssertEqual(
      [0, 2, 3, 254, 255, 65_535].map { encoding[$0] },
      [.known(0), .known(2), .unknown, .unknown, .ignored, .unknown])
  }

  /// ADE20K: 1 is the first class, 0 is left out.
  func testOffset() {
    let encoding = LabelEncoding(classCount: 150, offset: 1)
    XCTAssertEqual(
      [0, 1, 150, 151, 255].map { encoding[$0] }, [.ignored, .known(0), .known(149), .unknown, .ignored])
    let shifted = LabelEncoding(classCount: 300, offset: -2, ignored: [])
    XCTAssertEqual([0, 255, 297, 298].map { shifted[$0] }, [.known(2), .known(257), .known(299), .unknown])
    // Whatever the offset, there is no trap.
    for offset in [Int.min, Int.max, 65_535, -65_535] {
      let encoding = LabelEncoding(classCount: 1, offset: offset, ignored: [7])
      XCTAssertEqual(encoding[7], .ignored)
    }
    XCTAssertEqual(LabelEncoding(classCount: 1, offset: 65_535, ignored: [])[65_535], .known(0))
  }

  /// COCO: ids with gaps; what is left out comes before what has a class.
  func testIDs() {
    let encoding = LabelEncoding(classCount: 2, classesByID: [1: 0, 90: 1, 91: 1, 0: 0], ignored: [0])
    XCTAssertEqual(
      [0, 1, 2, 90, 91, 255].map { encoding[$0] },
      [.ignored, .known(0), .unlisted, .known(1), .known(1), .unlisted])
  }

  func testDecoding() throws {
    let image = try LabelImage(width: 3, height: 2, labels: [1, 2, 90, 0, 2, 7])
    let decoded = try LabelEncoding(classCount: 2, classesByID: [1: 0, 90: 1], ignored: [0]).decode(image)
    XCTAssertEqual(decoded.labels, Pictures.labels("0.1 ..."))
    XCTAssertEqual(decoded.unlisted, [2: 2, 7: 1])
    XCTAssertThrowsError(try LabelEncoding(classCount: 2, ignored: [2]).decode(image)) {
      XCTAssertEqual($0 as? UnknownLabelValue, UnknownLabelValue(value: 90, classCount: 2))
    }
  }
}
