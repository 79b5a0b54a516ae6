import Dispatch
import SANInference
import Synchronization

/// Work on items on several threads, whose results are handed over in the items' order.
///
/// At most twice as many items as there are threads are between their start and their turn, so memory stays bounded
/// where one item takes much longer than those after it.
final class OrderedWork<Item: Sendable, Result: Sendable>: Sendable {
  private struct State {
    var finished: [Int: Result] = [:]
    var error: (any Error)?
    var isStopped = false
    /// The number of items, once the last has been got.
    var count: Int?
  }

  private let next: @Sendable (Int) throws -> Item?
  private let work: @Sendable (Item) throws -> Result
  private let stop: @Sendable () -> Void
  /// How many items have been got. One thread at a time gets one.
  private let got = Mutex(0)
  private let state = Mutex(State())
  /// Counts items that may start.
  private let room = DispatchSemaphore(value: 0)
  /// Counts items that are finished, or workers that have failed.
  private let news = DispatchSemaphore(value: 0)

  private init(
    next: @escaping @Sendable (Int) throws -> Item?, work: @escaping @Sendable (Item) throws -> Result,
    stop: @escaping @Sendable () -> Void
  ) {
    (self.next, self.work, self.stop) = (next, work, stop)
  }

  /// Calls `work` for each item that `next` has on `workers` threads, and `take` with each result on the calling thread,
  /// in order. When one of them throws, no more items start; what is finished by then is still taken, unless it is `take`
  /// that fails, and the first error is thrown.
  ///
  /// - Parameters:
  ///   - next: called with 0, 1, …, one call at a time and on any of the threads, until it has no item.
  ///   - stop: called at an error, to have the items under way end early.
  static func run(
    workers: Int, next: @escaping @Sendable (Int) throws -> Item?,
    work: @escaping @Sendable (Item) throws -> Result, stop: @escaping @Sendable () -> Void,
    take: (Int, Result) throws -> Void
  ) throws {
    let run = OrderedWork(next: next, work: work, stop: stop)
    for _ in 0..<workers * 2 { run.room.signal() }
    // Where the system starts no more threads, fewer do.
    var threads: [WorkerThread] = []
    while threads.count < workers, let thread = WorkerThread({ run.workOn() }) { threads.append(thread) }
    if threads.isEmpty, workers > 0 { throw NoThreadError() }
    var taken = 0
    do {
      while run.state.withLock({ !$0.isStopped && $0.count != taken }) {
        run.news.wait()
        while let result = run.state.withLock({ $0.finished.removeValue(forKey: taken) }) {
          try take(taken, result)
          taken += 1
          run.room.signal()
        }
      }
    } catch {
      run.end(with: error)
      for thread in threads { thread.join() }
      throw error
    }
    run.room.signal()
    for thread in threads { thread.join() }
    let (rest, error) = run.state.withLock { ($0.finished, $0.error) }
    for (index, result) in rest.sorted(by: { $0.key < $1.key }) { try take(index, result) }
    if let error { throw error }
  }

  private func workOn() {
    while true {
      room.wait()
      do {
        guard let (index, item) = try nextItem() else {
          // The next worker is to see the end, too.
          room.signal()
          news.signal()
          return
        }
        let result = try work(item)
        state.withLock { $0.finished[index] = result }
        news.signal()
      } catch {
        end(with: error)
      }
    }
  }

  /// The next item and its number; nil where there are no more, or none is to start.
  private func nextItem() throws -> (index: Int, item: Item)? {
    try got.withLock { got in
      guard state.withLock({ !$0.isStopped && $0.count == nil }) else { return nil }
      guard let item = try next(got) else {
        state.withLock { [got] in $0.count = got }
        return nil
      }
      got += 1
      return (got - 1, item)
    }
  }

  /// Has all workers end; the first error counts.
  private func end(with error: any Error) {
    let isFirst = state.withLock { state in
      guard !state.isStopped else { return false }
      (state.isStopped, state.error) = (true, error)
      return true
    }
    if isFirst { stop() }
    room.signal()
    news.signal()
  }
}

/// The system starts no thread.
struct NoThreadError: ProgramError {
  var description: String {
    "the system starts no thread: raise the limits on processes and memory (ulimit -u, ulimit -v)"
  }
  var category: ErrorCategory { .inputOutput }
}
