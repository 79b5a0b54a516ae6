import Synchronization

/// Lets a number of questions run at once and a number wait, in the order in which they came. Those that are still arriving
/// count as waiting, so that what they hold in memory is bounded too.
final class WaitingLine: Sendable {
  private struct Waiter {
    let number: Int
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    /// Arriving, waiting or running.
    var inside = 0
    var running = 0
    var waiters: [Waiter] = []
    var nextNumber = 0
    /// How long a run takes, in seconds: of late more than of old.
    var usualTime = 1.0
  }

  private let runs, places: Int
  private let state = Mutex(State())

  /// A line for `runs` at once, at least 1, and `waiting` more.
  init(runs: Int, waiting: Int) {
    precondition(runs >= 1 && waiting >= 0, "one run at least")
    (self.runs, places) = (runs, runs + waiting)
  }

  /// Questions that run, and those that arrive or wait.
  var counts: (running: Int, waiting: Int) {
    state.withLock { ($0.running, $0.inside - $0.running) }
  }

  /// Takes a place, which ``leave()`` gives back.
  ///
  /// - Throws: ``ServerError`` at once where there is none.
  func enter() throws {
    let seconds: Int? = state.withLock { state in
      guard state.inside >= places else {
        state.inside += 1
        return nil
      }
      // When about half of those inside are done.
      let turns = Double(places) / Double(2 * runs)
      return Int(min(max((turns * state.usualTime).rounded(.up), 1), 60))
    }
    guard let seconds else { return }
    throw ServerError(
      .tooManyRequests, .busy,
      "\(places) questions are being worked on or wait, which is as many as this server takes; try again in \(seconds) s",
      headers: [.retryAfter: "\(seconds)"])
  }

  /// Gives a place back.
  func leave() { state.withLock { $0.inside -= 1 } }

  /// Runs `body` when it is its turn.
  ///
  /// - Throws: what `body` throws; `CancellationError` as soon as the task is cancelled while it waits.
  func withTurn<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
    try await wait()
    let start = ContinuousClock.now
    defer { passOn(after: ContinuousClock.now - start) }
    return try await body()
  }

  private func wait() async throws {
    let number = state.withLock { state in
      state.nextNumber += 1
      return state.nextNumber
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let isFree = state.withLock { state in
          if state.running < runs {
            state.running += 1
            return true
          }
          state.waiters.append(Waiter(number: number, continuation: continuation))
          return false
        }
        if isFree { return continuation.resume() }
        // Where it was cancelled before it stood in the line, the handler has not found it there.
        if Task.isCancelled { giveUp(number) }
      }
    } onCancel: {
      giveUp(number)
    }
  }

  private func passOn(after time: Duration) {
    let next = state.withLock { state -> Waiter? in
      state.usualTime += (time / .seconds(1) - state.usualTime) / 8
      if state.waiters.isEmpty {
        state.running -= 1
        return nil
      }
      return state.waiters.removeFirst()
    }
    next?.continuation.resume()
  }

  private func giveUp(_ number: Int) {
    let waiter = state.withLock { state in
      state.waiters.firstIndex { $0.number == number }.map { state.waiters.remove(at: $0) }
    }
    waiter?.continuation.resume(throwing: CancellationError())
  }
}
