import SANCore
import SANInference
import TestSupport
import XCTest

/// Many calls at once: so many run as are allowed, and the others wait.
final class ConcurrencyTests: XCTestCase {
  private func photo(_ number: Int) throws -> RGBImage {
    try RGBImage(
      width: 24, height: 16,
      pixels: (0..<24 * 16 * 3).map { UInt8(truncatingIfNeeded: ($0 + number) &* 2_654_435_761 >> 7) })
  }

  func testTwoHundredTasksAtOnce() async throws {
    for limit in [1, 3] {
      let model = FakeModel { usleep(300) }
      let segmenter = try FakeModel.segmenter(model, maximumConcurrentRuns: limit)
      let vocabulary = try await segmenter.vocabulary(["a", "b"], background: .none, templates: .plain)
      let photo = try photo(0)
      let expected = try await segmenter.segment(photo, vocabulary: vocabulary).labels
      try await withThrowingTaskGroup(of: LabelMap.self) { group in
        for _ in 0..<200 {
          group.addTask { try await segmenter.segment(photo, vocabulary: vocabulary).labels }
        }
        for try await labels in group { XCTAssertEqual(labels, expected) }
      }
      XCTAssertEqual(model.allRuns, 201)
      XCTAssertLessThanOrEqual(model.mostRuns, limit)
      XCTAssertGreaterThan(model.mostRuns, limit > 1 ? 1 : 0, "runs do run at once where they may")
    }
  }

  func testResultsAreThoseOfOneByOne() async throws {
    let segmenter = try Segmenter(model: .path(ToyModelFile.path), threads: 2, maximumConcurrentRuns: 2)
    let vocabulary = try await segmenter.vocabulary(["cat", "sky"], background: .none, templates: .plain)
    let photos = try (0..<5).map(photo)
    let expected = try photos.map {
      try segmenter.segment($0, vocabulary: vocabulary, shortSide: 64).labels
    }
    try await withThrowingTaskGroup(of: (Int, LabelMap).self) { group in
      for number in 0..<200 {
        group.addTask {
          let photo = photos[number % 5]
          return (number, try await segmenter.segment(photo, vocabulary: vocabulary, shortSide: 64).labels)
        }
      }
      for try await (number, labels) in group { XCTAssertEqual(labels, expected[number % 5]) }
    }
  }

  /// Who waits comes in turn; who is cancelled leaves the line at once.
  func testRunsWaitInOrder() async throws {
    let gate = RunGate(limit: 1)
    try await gate.enter()
    let order = Log<Int>()
    var tasks: [Task<Void, any Error>] = []
    for number in 0..<20 {
      tasks.append(
        Task {
          try await gate.enter()
          order.append(number)
          gate.leave()
        })
      while gate.waitingCount <= number { await Task.yield() }
    }
    for number in [0, 7, 19] {
      tasks[number].cancel()
      let result = await tasks[number].result
      XCTAssertThrowsError(try result.get()) { XCTAssert($0 is CancellationError) }
    }
    XCTAssertEqual(gate.waitingCount, 17)
    XCTAssertEqual(order.all, [])
    gate.leave()
    for number in 0..<20 where ![0, 7, 19].contains(number) { try await tasks[number].value }
    XCTAssertEqual(order.all, (0..<20).filter { ![0, 7, 19].contains($0) })
    XCTAssertEqual(gate.waitingCount, 0)

    // The place is free again, and what is cancelled before it asks never takes it.
    let late = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await gate.enter()
      gate.leave()
    }
    _ = await late.result
    try await gate.enter()
    gate.leave()
  }

  func testAWaitingCallIsCancelledWithItsTask() async throws {
    let (entered, go) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let model = FakeModel {
      entered.signal()
      go.wait()
    }
    let segmenter = try FakeModel.segmenter(model, maximumConcurrentRuns: 1)
    let photo = try photo(1)
    let first = Task { try await segmenter.encode(photo) }
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        entered.wait()
        continuation.resume()
      }
    }
    let second = Task { try await segmenter.encode(photo) }
    second.cancel()
    let result = await second.result
    XCTAssertThrowsError(try result.get()) { XCTAssert($0 is CancellationError) }
    XCTAssertEqual(model.allRuns, 1, "it never ran")
    go.signal()
    _ = try await first.value
  }

  /// However many runs there were at once, few workspaces stay, and these are not large together.
  func testFewWorkspacesStay() throws {
    let threads = ThreadPool(threads: 1)
    func nested(_ pool: WorkspacePool, _ depth: Int, floats: Int) {
      pool.withWorkspace { workspace in
        workspace.scope { _ = workspace.matrix(1, floats) }
        if depth > 1 { nested(pool, depth - 1, floats: floats) }
      }
    }
    let few = WorkspacePool(threads: threads, maximumCount: 3, maximumBytes: 1 << 30)
    nested(few, 20, floats: 10)
    XCTAssertEqual(few.waitingCount, 3)
    nested(few, 2, floats: 10)
    XCTAssertEqual(few.waitingCount, 3)

    let small = WorkspacePool(threads: threads, maximumCount: 8, maximumBytes: 20 << 20)
    nested(small, 8, floats: 10)
    XCTAssertEqual(small.waitingBytes, 20 << 20, "five of the smallest, 4 MiB each")
    nested(small, 1, floats: 3 << 20)
    XCTAssertEqual(small.waitingBytes, 20 << 20, "one of 12 MiB and two of 4")
    nested(small, 1, floats: 6 << 20)
    XCTAssertEqual(small.waitingCount, 0, "one that is too large by itself does not stay")
  }
}
