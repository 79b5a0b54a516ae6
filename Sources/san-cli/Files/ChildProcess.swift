import SANCore
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A program that this one has started, with this one's environment.
final class ChildProcess: Sendable {
  /// What the program reads is written here; nil where it reads nothing.
  let input: FileDescriptor?
  /// What the program writes.
  let output: FileDescriptor?
  private let number: pid_t
  /// How it ended, once it is known.
  private let end = Mutex<Int32?>(nil)
  private let errors: ErrorTail?

  /// Starts the program at the path `arguments[0]`.
  ///
  /// - Parameters:
  ///   - isFed: whether there is something for it to read.
  ///   - isRead: whether what it writes is wanted.
  ///   - keepsErrors: whether its standard error is kept, for ``lastError``, in the place of being this program's own.
  /// - Throws: `SystemError` where the system does not start it.
  init(
    _ arguments: [String], isFed: Bool = false, isRead: Bool = true, keepsErrors: Bool = false
  ) throws(SystemError) {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The program's ends of the pipes, open until it has them.
    var theirs: [FileDescriptor] = []
    func connect(_ stream: Int32, _ isWanted: Bool, writes: Bool) throws(SystemError) -> FileDescriptor? {
      guard isWanted else {
        posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", writes ? O_WRONLY : O_RDONLY, 0)
        return nil
      }
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else { throw SystemError() }
      let (read, write) = (FileDescriptor.owning(ends[0]), FileDescriptor.owning(ends[1]))
      // Programs started later shall not hold them open.
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      let (own, other) = writes ? (read, write) : (write, read)
      posix_spawn_file_actions_adddup2(&actions, other.number, stream)
      theirs.append(other)
      return own
    }
    input = try connect(STDIN_FILENO, isFed, writes: false)
    output = try connect(STDOUT_FILENO, isRead, writes: true)
    errors = keepsErrors ? try connect(STDERR_FILENO, true, writes: true).map(ErrorTail.init) : nil

    let environment = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
    var (words, variables) = (arguments.map { strdup($0) }, environment.map { strdup($0) })
    defer { for text in words + variables { free(text) } }
    words.append(nil)
    variables.append(nil)
    var process: pid_t = 0
    let code = posix_spawn(&process, arguments[0], &actions, nil, words, variables)
    withExtendedLifetime(theirs) {}
    guard code == 0 else { throw SystemError(code: code) }
    number = process
    errors?.start()
  }

  deinit { stop() }

  /// The last line that the program wrote on standard error so far; nil where there is none.
  var lastError: String? { errors?.lastLine }

  /// Waits for the program's end.
  ///
  /// - Returns: its exit status, or 128 and the number of the signal that ended it.
  /// - Throws: `CancellationError` when a signal comes to this program.
  func wait() throws -> Int32 {
    while true {
      if let status = ended() {
        errors?.join()
        return status
      }
      try Interruption.check()
      usleep(2000)
    }
  }

  /// Ends the program if it is running still.
  ///
  /// - Parameter signal: SIGKILL, or what lets it tidy up.
  func stop(_ signal: Int32 = SIGKILL) {
    if end.withLock({ $0 == nil && kill(number, signal) == 0 }) {
      while ended() == nil { usleep(2000) }
    }
    errors?.join()
  }

  /// How it ended; nil where it has not.
  private func ended() -> Int32? {
    end.withLock { end in
      if let end { return end }
      var status: Int32 = 0
      let found = waitpid(number, &status, WNOHANG)
      if found == 0 || found < 0 && errno == EINTR { return nil }
      end = found < 0 ? -1 : status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
      return end
    }
  }
}

/// The last that comes through a pipe, which a thread empties.
private final class ErrorTail: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var thread: WorkerThread?
  }

  private let pipe: FileDescriptor
  // The thread's number is only used under the lock.
  private let state = Mutex(State())

  private static let most = 4096

  init(_ pipe: FileDescriptor) { self.pipe = pipe }

  func start() {
    let thread = WorkerThread { [self] in
      while let bytes = try? pipe.read(upTo: 4096), !bytes.isEmpty {
        state.withLock { $0.bytes = Array(($0.bytes + bytes).suffix(ErrorTail.most)) }
      }
    }
    state.withLock { $0.thread = thread }
  }

  /// Waits for the pipe's end.
  func join() {
    let thread = state.withLock { state in
      defer { state.thread = nil }
      return state.thread
    }
    thread?.join()
  }

  var lastLine: String? {
    let text = state.withLock { String(decoding: $0.bytes, as: UTF8.self) }
    return text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }.map(String.init)
  }
}
