import SANCore
import XCTest

/// Multiply-adds against the published model's, counted elsewhere.
final class CostTests: XCTestCase {
  func testViTB16At640() {
    let cost = SANCost(.vitB16, imageSize: Grid(height: 640, width: 640))
    XCTAssertEqual(cost.clipExtractor / 1e9, 27.8, accuracy: 0.05)
    XCTAssertEqual(cost.recognitionHead / 1e9, 11.8, accuracy: 0.05)
    XCTAssertEqual(cost.sideAdapter / 1e9, 20.5, accuracy: 0.05)
    XCTAssertEqual((cost.patchEmbeddings + cost.fusion + cost.maskDecoder) / 1e9, 3.1, accuracy: 0.05)
    XCTAssertEqual(cost.total / 1e9, 63.2, accuracy: 0.05)
    XCTAssertEqual(SANCost.prompt(.vitB16) / 1e9, 2.98, accuracy: 0.005)
  }

  func testSizesArePadded() {
    let padded = SANCost(.vitB16, imageSize: Grid(height: 448, width: 672))
    XCTAssertEqual(SANCost(.vitB16, imageSize: Grid(height: 417, width: 641)), padded)
    XCTAssertNotEqual(SANCost(.vitB16, imageSize: Grid(height: 416, width: 672)), padded)
  }

  func testAttentionGrowsWithTheSquare() {
    // Twice the tokens: linear layers double, attention quadruples, so 4·f(L) − f(2L) leaves twice the linear part.
    let once = SANCost.prompt(.vitB16, tokens: 8)
    let twice = SANCost.prompt(.vitB16, tokens: 16)
    let projection = Double(512 * 512)
    let linear = 12.0 * 12 * 512 * 512 * 8
    XCTAssertEqual(4 * (once - projection) - (twice - projection), 2 * linear)
  }
}
