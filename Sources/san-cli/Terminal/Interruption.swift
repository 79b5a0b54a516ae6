import SANInference
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Ctrl-C and its like: the first ends the run between two steps, so that no temporary file stays behind; the second
/// ends it at once.
enum Interruption {
  private static let caught = Atomic<Int32>(0)

  /// What every run of the library is given: it ends when a signal comes.
  static let control = RunControl { Console.show($0) }

  /// Takes over the signals that ask a program to end, and has the system tell of a failed write by its error
  /// alone.
  static func install() {
    // A stream that was closed for this program would be the next file that it opens.
    for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDWR)
    }
    // Swift's runtime may have taken it over, to tell of crashes; it is no crash.
    let quit = signal(SIGQUIT, SIG_DFL)
    if unsafeBitCast(quit, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(SIGQUIT, SIG_IGN) }
    // The handler may not be the first to touch it.
    _ = control
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let previous = signal(number) { Interruption.handle($0) }
      // What the parent has us ignore, such as hang-ups under nohup, stays ignored.
      if unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        signal(number, SIG_IGN)
      }
    }
    AddressSpace.watch()
    signal(SIGXFSZ, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
  }

  /// Throws `CancellationError` if a signal has come.
  static func check() throws {
    if caught.load(ordering: .relaxed) != 0 { throw CancellationError() }
  }

  /// The exit status of a run that a signal has ended: 130 for Ctrl-C.
  static var status: Int32 { 128 + caught.load(ordering: .relaxed) }

  /// Does nothing but what a signal handler may: atomic stores and `_exit`.
  private static func handle(_ number: Int32) {
    if caught.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
    control.cancel()
  }
}
