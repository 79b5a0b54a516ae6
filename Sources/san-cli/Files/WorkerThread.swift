#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

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
