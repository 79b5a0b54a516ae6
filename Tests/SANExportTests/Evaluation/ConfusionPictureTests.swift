import SANExport
import SANInference
import XCTest

/// The confusion picture: sizes, colours where they have to be, and that it is a function of its input.
final class ConfusionPictureTests: XCTestCase {
  private func matrix(_ classCount: Int) -> ConfusionMatrix {
    var confusion = ConfusionMatrix(classCount: classCount)
    for truth in 0..<classCount where truth != 1 {
      confusion.add(75, truth: truth, prediction: truth)
      confusion.add(25, truth: truth, prediction: (truth + 2) % classCount)
    }
    return confusion
  }

  /// Where the cells are: the largest square whose corners have the first class's full colour is found by its colour.
  func testCells() throws {
    let names = ["cat", "traffic light", String(repeating: "a name without an end ", count: 9), "d"]
    var confusion = ConfusionMatrix(classCount: 4)
    confusion.add(10, truth: 0, prediction: 0)
    confusion.add(30, truth: 2, prediction: 3)
    confusion.add(10, truth: 2, prediction: 2)
    confusion.add(20, truth: 3, prediction: 3)
    let picture = try ConfusionPicture.render(confusion, classes: names)
    let full = RGBColor(0x08306B)
    var corners: [(x: Int, y: Int)] = []
    for y in 1..<picture.height {
      for x in 1..<picture.width
      where picture[x, y] == full && picture[x - 1, y] != full && picture[x, y - 1] != full
        && (0..<20).allSatisfy({ picture[x + $0, y] == full && picture[x, y + $0] == full })
      {
        corners.append((x, y))
      }
    }
    // The diagonal's first and last; the key's end is lower and narrower.
    XCTAssertEqual(corners.count, 2)
    let cell = (corners[1].x - corners[0].x) / 3
    XCTAssertEqual(corners[1].y - corners[0].y, 3 * cell)
    func color(_ row: Int, _ column: Int) -> RGBColor {
      picture[corners[0].x + column * cell + 1, corners[0].y + row * cell + 1]
    }
    XCTAssertEqual(color(0, 0), full)
    XCTAssertEqual(color(0, 1), RGBColor(0xFFFFFF))
    XCTAssertEqual(color(1, 0), RGBColor(0xEEEEEE), "no pixel has this class")
    XCTAssertEqual(color(2, 3), RGBColor(0x2E7EBC), "three quarters")
    XCTAssertEqual(color(2, 2), RGBColor(0xB7D4EA), "a quarter")
    XCTAssertEqual(picture, try ConfusionPicture.render(confusion, classes: names))
  }

  func testSizes() throws {
    for count in [1, 2, 40, 41, 171, 256, 257, 1025] {
      let picture = try ConfusionPicture.render(
        matrix(count), classes: (0..<count).map { "class \($0)" })
      let cell = count <= 40 ? 30 : count <= 256 ? 16 : count <= 1024 ? 3 : 1
      XCTAssertGreaterThan(picture.width, count * cell)
      XCTAssertGreaterThan(picture.height, count * cell)
      XCTAssertLessThan(picture.width, count * cell + 700)
      XCTAssertLessThan(picture.height, count * cell + 400)
    }
  }
}
