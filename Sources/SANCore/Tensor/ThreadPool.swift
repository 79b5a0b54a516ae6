import CVectorKernels
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A fixed set of threads that run the parts of one loop together.
///
/// Parts are handed out in order to whichever thread is free, so a part must not depend on who runs it: results are
/// then the same for any number of threads.
public final class ThreadPool: Sendable {
  /// Threads that work on a loop, the caller's included.
  public let threadCount: Int

  private let state: State
  private let workers: [pthread_t]

  /// A pool of `threads` threads, or of one for each of ``processorCount`` where it is nil; fewer where the system starts
  /// no more.
  public init(threads: Int? = nil) {
    let wanted = max(1, threads ?? ThreadPool.processorCount)
    // Where threads outnumber processors, one that waits is in the way of another.
    let state = State(spins: wanted > ThreadPool.processorCount ? 100 : 20_000)
    self.state = state
    var workers: [pthread_t] = []
    while workers.count < wanted - 1,
      let worker = ThreadPool.start(state: state, worker: workers.count + 1)
    {
      workers.append(worker)
    }
    self.workers = workers
    threadCount = workers.count + 1
  }

  deinit {
    state.stop()
    for worker in workers { pthread_join(worker, nil) }
  }

  /// Processors whose time this process gets: as many as it may run on, or fewer where a control group limits their time.
  public static var processorCount: Int {
    ProcessorQuota.threads(processors: allowedProcessorCount, quota: processorQuota)
  }

  /// How many processors' time a control group leaves to this process, when it started; nil where nothing limits it.
  package static let processorQuota: Double? = ProcessorQuota.find { path in
    guard let file = try? FileDescriptor.open(path, O_RDONLY) else { return nil }
    return (try? file.read(upTo: 1 << 16)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Processors that this process may run on: `taskset` and control groups can leave it fewer than the machine has.
  package static var allowedProcessorCount: Int {
    #if canImport(Glibc)
      // Declared by glibc's headers for GNU sources alone, which Swift's are not.
      typealias GetAffinity = @convention(c) (pid_t, Int, UnsafeMutablePointer<cpu_set_t>) -> Int32
      if let function = dlsym(nil, "sched_getaffinity") {
        var allowed = cpu_set_t()
        // It fails on machines with more processors than the set has bits.
        let status = unsafeBitCast(function, to: GetAffinity.self)(0, MemoryLayout<cpu_set_t>.size, &allowed)
        if status == 0 {
          return max(1, withUnsafeBytes(of: allowed) { $0.reduce(0) { $0 + $1.nonzeroBitCount } })
        }
      }
    #endif
    return max(1, ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Calls `body(part, worker)` for every part in `0..<count`, where `worker` in `0..<threadCount` names the thread, so
  /// that each can have its own scratch memory. Returns when all parts are done.
  ///
  /// A call while another thread's loop is under way runs all parts on the calling thread, as worker 0 of its own.
  public func run(_ count: Int, _ body: @Sendable (_ part: Int, _ worker: Int) -> Void) {
    guard threadCount > 1, count > 1, state.begin() else {
      for part in 0..<max(count, 0) { body(part, 0) }
      return
    }
    withoutActuallyEscaping(body) { state.run(count, workers: workers.count, $0) }
  }

  /// Splits `0..<count` into ranges of about `grain` and calls `body(range, worker)` for each.
  ///
  /// The ranges depend on `count` and `grain` alone, never on the number of threads.
  public func runRanges(
    _ count: Int, grain: Int, _ body: @Sendable (_ range: Range<Int>, _ worker: Int) -> Void
  ) {
    let parts = max(1, (count + grain - 1) / grain)
    let size = (count + parts - 1) / parts
    run(parts) { part, worker in
      let lower = min(part * size, count)
      let upper = min(lower + size, count)
      if lower < upper { body(lower..<upper, worker) }
    }
  }

  /// Starts a worker; nil where the system has no thread left.
  private static func start(state: State, worker: Int) -> pthread_t? {
    final class Box {
      let state: State
      let worker: Int
      init(_ state: State, _ worker: Int) { (self.state, self.worker) = (state, worker) }
    }
    #if canImport(Glibc)
      var thread = pthread_t()
    #else
      var thread: pthread_t?
    #endif
    let box = Unmanaged.passRetained(Box(state, worker)).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { argument in
        #if canImport(Glibc)
          let opaque = argument!
        #else
          let opaque = argument
        #endif
        let box = Unmanaged<Box>.fromOpaque(opaque).takeRetainedValue()
        box.state.work(as: box.worker)
        return nil
      }, box)
    guard status == 0 else {
      Unmanaged<Box>.fromOpaque(box).release()
      return nil
    }
    return thread
  }
}

/// What the threads of a pool share.
private final class State: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  private let busy = Atomic<Bool>(false)
  private let stopping = Atomic<Bool>(false)
  private let generation = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let active = Atomic<Int>(0)

  // Written by the caller before `generation` moves on, read by workers after.
  private var count = 0
  private var body: (@Sendable (Int, Int) -> Void)?

  /// Polls of a flag before a thread goes to sleep. Half a millisecond's worth outlasts the gap between two loops: a thread
  /// that sleeps there is slow to wake, and gives its processor to whoever else wants it.
  private let spins: Int

  init(spins: Int) {
    self.spins = spins
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
    pthread_cond_init(finished, nil)
  }

  deinit {
    pthread_cond_destroy(finished)
    pthread_cond_destroy(wake)
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
    wake.deallocate()
    finished.deallocate()
  }

  /// Whether the caller now owns the pool.
  func begin() -> Bool {
    busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }

  func run(_ count: Int, workers: Int, _ body: @escaping @Sendable (Int, Int) -> Void) {
    self.count = count
    self.body = body
    next.store(0, ordering: .relaxed)
    active.store(workers, ordering: .relaxed)
    signal(wake) { generation.add(1, ordering: .releasing) }
    takeParts(worker: 0, body)
    wait(finished) { active.load(ordering: .acquiring) == 0 }
    self.body = nil
    busy.store(false, ordering: .releasing)
  }

  func stop() {
    signal(wake) {
      stopping.store(true, ordering: .releasing)
      generation.add(1, ordering: .releasing)
    }
  }

  func work(as worker: Int) {
    var seen = 0
    while true {
      wait(wake) { generation.load(ordering: .acquiring) != seen }
      seen = generation.load(ordering: .acquiring)
      if stopping.load(ordering: .acquiring) { return }
      takeParts(worker: worker, body!)
      if active.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { signal(finished) {} }
    }
  }

  private func takeParts(worker: Int, _ body: (Int, Int) -> Void) {
    while true {
      let part = next.add(1, ordering: .relaxed).oldValue
      if part >= count { return }
      body(part, worker)
    }
  }

  private func signal(_ condition: UnsafeMutablePointer<pthread_cond_t>, _ change: () -> Void) {
    pthread_mutex_lock(mutex)
    change()
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  private func wait(_ condition: UnsafeMutablePointer<pthread_cond_t>, until done: () -> Bool) {
    for _ in 0..<spins {
      if done() { return }
      vk_pause()
    }
    pthread_mutex_lock(mutex)
    while !done() { pthread_cond_wait(condition, mutex) }
    pthread_mutex_unlock(mutex)
  }
}
