import SANCore
import XCTest

/// Strips of the classes that can win hold each pixel's winner, with the score that it has among all classes.
final class LeadingStripTests: XCTestCase {
  private let workspace = Workspace(pool: ThreadPool(threads: 2))

  /// Proposals of `queries` masks whose logits are spread over ±`range`.
  private func proposals(queries: Int, grid: Grid, range: Float, seed: UInt64) -> MaskProposals {
    MaskProposals(
      logits: Floats(queries * grid.count, seed: seed, range: range)
        .tensor([queries, grid.height, grid.width]),
      embeddings: Tensor(shape: [queries, 1], [Float](repeating: 1, count: queries)), grid: grid,
      imageSize: Grid(height: grid.height * 16, width: grid.width * 16))
  }

  /// Probabilities `[Q, K]` of logits spread over ±`range`, "no object" left out.
  private func probabilities(queries: Int, classes: Int, range: Float, seed: UInt64) -> Tensor {
    SANModel.classProbabilities(
      Floats(queries * (classes + 1), seed: seed, range: range).tensor([queries, classes + 1]))
  }

  /// The first class with the highest score at each pixel, and that score; and how many scores were made.
  private struct Winners: Equatable {
    var classes: [Int]
    var scores: [Float]
    var made = 0

    init(_ size: Grid) {
      classes = Array(repeating: -1, count: size.count)
      scores = Array(repeating: -.infinity, count: size.count)
    }

    static func == (a: Winners, b: Winners) -> Bool { a.classes == b.classes && a.scores == b.scores }
  }

  private func winners(_ scores: SemanticScores, leading: Bool) throws -> Winners {
    let collector = Collector(Winners(scores.size))
    @Sendable func take(_ strip: Matrix, _ classes: [Int], _ pixels: Range<Int>) {
      collector.change { found in
        found.made += strip.rows * strip.columns
        for (index, number) in classes.enumerated() {
          for x in 0..<pixels.count {
            let pixel = pixels.lowerBound + x
            if strip.row(index)[x] > found.scores[pixel] {
              (found.classes[pixel], found.scores[pixel]) = (number, strip.row(index)[x])
            }
          }
        }
      }
    }
    if leading {
      try scores.forEachLeadingStrip(workspace: workspace) { take($0, Array($1), $2) }
    } else {
      try scores.forEachBand(workspace: workspace) { take($0, Array(0..<scores.classes), $1) }
    }
    return collector.value
  }

  func testWinnersAreThoseOfAllClasses() throws {
    var seed: UInt64 = 0
    for (grid, sizes) in [
      (Grid(height: 5, width: 7), [(80, 112), (37, 61), (211, 300), (1, 1), (3, 500)]),
      (Grid(height: 1, width: 1), [(16, 16), (40, 7)]), (Grid(height: 12, width: 3), [(20, 9), (191, 47)]),
    ] {
      for (height, width) in sizes {
        for (queries, classes) in [(1, 1), (7, 2), (20, 33), (17, 90)] {
          // From probabilities that hardly differ to one class a query, from flat masks to steep ones.
          for (logits, masks) in [(Float(0.01), Float(0.1)), (1, 3), (30, 3), (30, 200), (2, 0)] {
            seed += 1
            let proposals = proposals(queries: queries, grid: grid, range: masks, seed: seed)
            let scores = SemanticScores(
              proposals,
              probabilities: probabilities(queries: queries, classes: classes, range: logits, seed: seed + 1),
              cropped: Grid(height: grid.height * 16 - 3, width: grid.width * 16 - 5),
              size: Grid(height: height, width: width))
            let all = try winners(scores, leading: false)
            XCTAssertEqual(
              try winners(scores, leading: true), all,
              "\(grid) at \(height)×\(width), \(queries) queries, \(classes) classes, ±\(logits), ±\(masks)")
          }
        }
      }
    }
  }

  /// Classes alike in every query win at the same pixels: the first of them does.
  func testTiesAreKept() throws {
    let (queries, classes) = (9, 12)
    let once = probabilities(queries: queries, classes: classes, range: 6, seed: 5)
    let twice = Tensor(shape: [queries, 2 * classes]) { out in
      for query in 0..<queries {
        for index in 0..<2 * classes { out[query * 2 * classes + index] = once[query * classes + index / 2] }
      }
    }
    let scores = SemanticScores(
      proposals(queries: queries, grid: Grid(height: 4, width: 4), range: 5, seed: 6), probabilities: twice,
      cropped: Grid(height: 64, width: 64), size: Grid(height: 64, width: 64))
    let found = try winners(scores, leading: true)
    XCTAssertEqual(found, try winners(scores, leading: false))
    XCTAssertTrue(found.classes.allSatisfy { $0.isMultiple(of: 2) })
  }

  /// Masks that are sure and classes that are sure leave hardly any choice.
  func testFewClassesAreScored() throws {
    let (queries, classes) = (20, 100)
    let size = Grid(height: 96, width: 96)
    let scores = SemanticScores(
      proposals(queries: queries, grid: Grid(height: 6, width: 6), range: 1, seed: 7),
      probabilities: probabilities(queries: queries, classes: classes, range: 40, seed: 8), cropped: size,
      size: size)
    let made = try winners(scores, leading: true).made
    XCTAssertGreaterThanOrEqual(made, size.count)
    XCTAssertLessThan(made, size.count * classes / 8)
  }
}

/// A value that several threads change.
private final class Collector<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private(set) var value: Value

  init(_ value: Value) { self.value = value }

  func change(_ body: (inout Value) -> Void) { lock.withLock { body(&value) } }
}
