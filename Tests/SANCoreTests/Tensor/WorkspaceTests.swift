import SANCore
import XCTest

final class WorkspaceTests: XCTestCase {
  /// What a workspace starts with, in bytes.
  private static let smallest = 4 << 20

  private func workspace(fills: Bool = false) -> Workspace {
    Workspace(pool: ThreadPool(threads: 1), fillsEndedScopes: fills)
  }

  /// A run whose most memory in use at once is 12 · `size` floats, taken in pieces that need several blocks.
  private func run(_ workspace: Workspace, size: Int) {
    workspace.scope {
      _ = workspace.matrix(4, size)
      for _ in 0..<3 {
        workspace.scope {
          _ = workspace.matrix(5, size)
          workspace.scope { _ = workspace.matrix(3, size) }
          workspace.scope { _ = workspace.matrix(1, size) }
        }
      }
    }
  }

  func testRisingSizesLeaveOneBlockOfTheLargest() {
    let workspace = workspace()
    for size in stride(from: 100_000, through: 1_600_000, by: 100_000) {
      run(workspace, size: size)
      XCTAssertEqual(workspace.allocatedBytes, max(12 * 4 * size, Self.smallest), "\(size)")
      run(workspace, size: size)
      XCTAssertEqual(workspace.allocatedBytes, max(12 * 4 * size, Self.smallest), "\(size), once more")
    }
    for size in [800_000, 16, 1_600_000] { run(workspace, size: size) }
    XCTAssertEqual(workspace.allocatedBytes, 12 * 4 * 1_600_000, "falling sizes")
  }

  /// Blocks are not joined while one of them is in use.
  func testMemoryInUseStays() {
    let workspace = workspace()
    let before = workspace.matrix(100, 100)
    before.pointer.update(repeating: 7, count: 10_000)
    run(workspace, size: 400_000)
    XCTAssertTrue((0..<10_000).allSatisfy { before.pointer[$0] == 7 })
  }

  func testARunThatThrowsGivesBackWhatItTook() {
    struct Stop: Error {}
    let workspace = workspace()
    for size in [100_000, 200_000, 400_000] {
      XCTAssertThrowsError(
        try workspace.scope {
          run(workspace, size: size)
          throw Stop()
        })
    }
    XCTAssertEqual(workspace.allocatedBytes, 12 * 4 * 400_000)
  }

  /// A matrix that is read after its scope has no number in it, whatever block it was in; one of an outer scope keeps its own.
  func testEndedScopesAreFilled() {
    for size in [4, 400_000] {
      let workspace = workspace(fills: true)
      workspace.scope {
        let outer = workspace.matrix(5, size)
        outer.pointer.update(repeating: 1, count: 5 * size)
        let escaped = workspace.scope {
          let matrices = (0..<4).map { _ in workspace.matrix(3, size) }
          for matrix in matrices { matrix.pointer.update(repeating: 2, count: 3 * size) }
          return matrices
        }
        for matrix in escaped {
          XCTAssertTrue((0..<3 * size).allSatisfy { matrix.pointer[$0].isNaN }, "\(size)")
        }
        XCTAssertTrue((0..<5 * size).allSatisfy { outer.pointer[$0] == 1 }, "\(size)")
      }
    }
    let workspace = workspace()
    let escaped = workspace.scope {
      let matrix = workspace.matrix(1, 1)
      matrix.pointer[0] = 2
      return matrix
    }
    XCTAssertEqual(escaped.pointer[0], 2, "nothing is spent on it where it is off")
  }

  /// The network reads nothing after its scope: filled or not, the numbers are the same.
  func testTheNetworkReadsNothingOfEndedScopes() throws {
    let test = StageCase.all[0]
    let outputs = try [false, true].map { fills in
      let workspace = Workspace(pool: ThreadPool(threads: 2), fillsEndedScopes: fills)
      let proposals = try workspace.scope {
        try test.model.encode(test.image.planarImage(in: workspace), workspace: workspace)
      }
      let classifier = try test.model.textClassifier(
        [[[1, 5, 7, 2]], [[1, 9, 2], [1, 5, 2]]], workspace: workspace)
      let scores = SemanticScores(
        proposals,
        probabilities: SANModel.classProbabilities(test.model.classLogits(proposals, classifier: classifier)),
        cropped: test.size, size: Grid(height: 50, width: 131))
      return try [proposals.logits, proposals.embeddings, classifier, scores.tensor(workspace: workspace)]
        .map(\.values)
    }
    XCTAssertEqual(outputs[0], outputs[1])
    XCTAssertTrue(outputs[1].allSatisfy { $0.allSatisfy(\.isFinite) })
  }
}
