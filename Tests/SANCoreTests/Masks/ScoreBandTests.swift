import SANCore
import Synchronization
import XCTest

/// Bands of pixels that are scored for all classes.
final class ScoreBandTests: XCTestCase {
  private func scores(queries: Int = 5, classes: Int, size: Grid) -> SemanticScores {
    let grid = Grid(height: 4, width: 6)
    let logits = Floats(queries * (classes + 1), seed: 1, range: 4).tensor([queries, classes + 1])
    return SemanticScores(
      MaskProposals(
        logits: Floats(queries * grid.count, seed: 2, range: 6).tensor([queries, grid.height, grid.width]),
        embeddings: Tensor(shape: [queries, 1], [Float](repeating: 1, count: queries)), grid: grid,
        imageSize: Grid(height: 64, width: 96)),
      probabilities: SANModel.classProbabilities(logits), cropped: Grid(height: 60, width: 90), size: size)
  }

  /// Every pixel is in one band; a band is whole rows where these take little memory.
  func testBandsAreAllPixelsOnce() throws {
    for (classes, width, whole) in [
      (3, 200, true), (171, 4000, true), (3000, 500, false), (65_535, 200, false),
    ] {
      let bands = ScoreBand.bands(of: 7..<31, width: width, classes: classes)
      let largest = ScoreBand.size(width: width, classes: classes)
      XCTAssertLessThanOrEqual(classes * largest.count, max(1 << 20, classes * 96))
      var next = 7 * width
      for band in bands {
        XCTAssertEqual(band.pixels.lowerBound, next)
        next = band.pixels.upperBound
        XCTAssertEqual(band.pixels.count, band.rows.count * band.columns.count)
        XCTAssertLessThanOrEqual(band.pixels.count, largest.count)
        XCTAssertEqual(band.columns.count == width, whole)
        var places: [Int] = []
        for row in band.rows {
          for columns in band.patchColumns { places += band.places(row: row, columns: columns) }
        }
        XCTAssertEqual(places, Array(0..<band.pixels.count))
      }
      XCTAssertEqual(next, 31 * width)
    }
  }

  /// However many classes there are, and so however the pixels are cut up, a class's scores are the same.
  func testScoresDoNotDependOnTheBands() throws {
    let (queries, size) = (5, Grid(height: 37, width: 450))
    let workspace = Workspace(pool: ThreadPool(threads: 2))
    let grid = Grid(height: 4, width: 6)
    let proposals = MaskProposals(
      logits: Floats(queries * grid.count, seed: 2, range: 6).tensor([queries, grid.height, grid.width]),
      embeddings: Tensor(shape: [queries, 1], [Float](repeating: 1, count: queries)), grid: grid,
      imageSize: Grid(height: 64, width: 96))
    func scores(_ classes: Int) throws -> [Float] {
      // The first classes are the same, however many follow.
      let probabilities = Tensor(
        shape: [queries, classes],
        (0..<queries * classes).map { Float(($0 / classes * 31 + $0 % classes * 17) % 101) / 101 })
      return try SemanticScores(
        proposals, probabilities: probabilities, cropped: Grid(height: 60, width: 90), size: size
      ).tensor(workspace: workspace).values
    }
    let few = try scores(3)
    for classes in [40, 400, 2600] {
      XCTAssertEqual(Array(try scores(classes)[..<few.count]), few, "\(classes) classes")
    }
  }

  /// What a checkpoint throws ends the run before its next band.
  func testACheckpointEndsTheRun() throws {
    struct Stop: Error {}
    let scores = scores(classes: 4, size: Grid(height: 300, width: 200))
    let workspace = Workspace(pool: ThreadPool(threads: 1))
    for leading in [false, true] {
      let passed = Counter()
      let rows = Counter()
      let checkpoint: @Sendable () throws -> Void = { if passed.add(1) > 3 { throw Stop() } }
      XCTAssertThrowsError(
        try leading
          ? scores.forEachLeadingStrip(workspace: workspace, checkpoint: checkpoint) { _, _, pixels in
            rows.add(pixels.count)
          }
          : scores.forEachBand(workspace: workspace, checkpoint: checkpoint) { _, pixels in
            rows.add(pixels.count)
          }
      ) { XCTAssert($0 is Stop) }
      XCTAssertEqual(passed.value, 4)
      XCTAssertGreaterThan(rows.value, 0)
      XCTAssertLessThanOrEqual(rows.value, 3 * 16 * 200)
    }
  }
}

/// A number that several threads add to.
private final class Counter: Sendable {
  private let state = Mutex(0)
  var value: Int { state.withLock { $0 } }

  @discardableResult
  func add(_ amount: Int) -> Int {
    state.withLock {
      $0 += amount
      return $0
    }
  }
}
