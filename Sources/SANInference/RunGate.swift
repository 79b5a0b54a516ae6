import Synchronization

/// Lets a number of runs in at once, and the others in the order in which they came as these end.
package final class RunGate: Sendable {
  private struct Waiter {
    let number: Int
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var free: Int
    var waiters: [Waiter] = []
    var nextNumber = 0
  }

  private let state: Mutex<State>

  /// A gate for `limit` runs, at least 1.
  package init(limit: Int) {
    precondition(limit >= 1, "one run at least")
    state = Mutex(State(free: limit))
  }

  /// Runs that wait.
  package var waitingCount: Int { state.withLock(\.waiters.count) }

  /// Returns when the run may start, which must call ``leave()`` as it ends.
  ///
  /// - Throws: `CancellationError` as soon as its task is cancelled; the run is then not to start.
  package func enter() async throws {
    let number = state.withLock { state in
      state.nextNumber += 1
      return state.nextNumber
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let isFree = state.withLock { state in
          if state.free > 0 {
            state.free -= 1
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

  /// Ends a run that was let in.
  package func leave() {
    let next = state.withLock { state -> Waiter? in
      if state.waiters.isEmpty {
        state.free += 1
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
