import SANCore
import SANInference
import TestSupport
import XCTest

/// A segmenter knows of its model what the protocol says, and nothing else.
final class SegmentationModelTests: XCTestCase {
  private func photo(width: Int = 64, height: Int = 32) throws -> RGBImage {
    try RGBImage(width: width, height: height, pixels: Array(repeating: 99, count: width * height * 3))
  }

  func testASegmenterRunsOverAnyModel() throws {
    let segmenter = try FakeModel.segmenter(FakeModel())
    XCTAssertEqual(segmenter.name, "toy")
    XCTAssertEqual(segmenter.defaultShortSide, 128)
    let vocabulary = try segmenter.vocabulary(["port", "starboard"], background: .none, templates: .plain)
    for views in [ViewOptions.one, try ViewOptions(scales: [0.5, 1])] {
      let result = try segmenter.segment(try photo(), vocabulary: vocabulary, views: views)
      for row in 0..<32 {
        for column in 0..<64 {
          XCTAssertEqual(result.labels[row, column], column < 32 ? 0 : 1, "\(row), \(column)")
        }
      }
      XCTAssertEqual(result.classes.map(\.name), ["port", "starboard"])
      XCTAssertEqual(result.classes.map(\.coverage), [0.5, 0.5])
      XCTAssertGreaterThan(result.classes[0].meanScore, 0.9)
    }
  }

  func testProgressAndCancellationReachTheModel() throws {
    let model = FakeModel()
    let segmenter = try FakeModel.segmenter(model)
    let control = RunControl()
    control.cancel()
    XCTAssertThrowsError(try segmenter.encode(try photo(), control: control)) {
      XCTAssert($0 is CancellationError)
    }
    XCTAssertEqual(model.allRuns, 0)
    let seen = Log<RunProgress.Stage>()
    _ = try segmenter.encode(try photo(), control: RunControl { seen.append($0.stage) })
    XCTAssertEqual(seen.all, [.image, .clip, .side, .decoder, .recognition])
  }
}

/// What several threads noted, in the order in which they did.
final class Log<Element: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var list: [Element] = []
  var all: [Element] { lock.withLock { list } }
  func append(_ element: Element) { lock.withLock { list.append(element) } }
}
