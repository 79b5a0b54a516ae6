import Dispatch
import SANInference
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Work on numbered items on several threads, whose results are handed over in the items' order.
///
/// At most twice as many items as there are threads are between their start and their turn, so memory stays bounded
/// where one item takes much longer than those after it.
final class OrderedWork<Result: Sendable>: Sendable {
  private struct State {
    var next = 0
    var finished: [Int: Result] = [:]
    var error: (any Error)?
    var isStopped = false
  }

  private let count: Int
  private let work: @Sendable (Int) throws -> Result
  private let stop: @Sendable () -> Void
  private let state = Mutex(State())
  /// Counts items that may start.
  private let room = DispatchSemaphore(value: 0)
  /// Counts items that are finished, or workers that have failed.
  private let news = DispatchSemaphore(value: 0)

  private init(
    count: Int, work: @escaping @Sendable (Int) throws -> Result, stop: @escaping @Sendable () -> Void
  ) {
    (self.count, self.work, self.stop) = (count, work, stop)
  }

  /// Calls `work` for each item of `0..<count` on `workers` threads, and `take` with each result on the calling thread,
  /// in order. When either throws, no more items start; what is finished by then is still taken, unless it is `take`
  /// that fails, and the first error is thrown.
  ///
  /// - Parameter stop: called at an error, to have the items under way end early.
  static func run(
    count: Int, workers: Int, work: @escaping @Sendable (Int) throws -> Result,
    stop: @escaping @Sendable () -> Void, take: (Int, Result) throws -> Void
  ) throws {
    let run = OrderedWork(count: count, work: work, stop: stop)
    let workers = min(workers, count)
    for _ in 0..<workers * 2 { run.room.signal() }
    // Where the system starts no more threads, fewer do.
    var threads: [WorkerThread] = []
    while threads.count < workers, let thread = WorkerThread({ run.workOn() }) { threads.append(thread) }
    if threads.isEmpty, workers > 0 { throw NoThreadError() }
    var taken = 0
    do {
      while taken < count, run.state.withLock({ !$0.isStopped }) {
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
      let index = state.withLock { state in
        guard !state.isStopped, state.next < count else { return nil as Int? }
        state.next += 1
        return state.next - 1
      }
      guard let index else {
        // The next worker is to see the end, too.
        room.signal()
        return
      }
      do {
        let result = try work(index)
        state.withLock { $0.finished[index] = result }
        news.signal()
      } catch {
        end(with: error)
      }
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

/// A thread of the system's. Its work may wait for other threads, which work on a shared queue should not.
struct WorkerThread {
  private let thread: pthread_t

  /// What the main thread usually has; some systems give others much less.
  private static let stackSize = 8 << 20

  private final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Starts a thread that runs `body` and ends; nil where the system starts none.
  init?(_ body: @escaping @Sendable () -> Void) {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, WorkerThread.stackSize)
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        #if canImport(Darwin)
          let opaque = argument
        #else
          let opaque = argument!
        #endif
        Unmanaged<Box>.fromOpaque(opaque).takeRetainedValue().body()
        return nil
      }, box)
    guard status == 0 else {
      Unmanaged<Box>.fromOpaque(box).release()
      return nil
    }
    #if canImport(Darwin)
      self.thread = thread!
    #else
      self.thread = thread
    #endif
  }

  /// Waits for its end. Call once.
  func join() { pthread_join(thread, nil) }
}
