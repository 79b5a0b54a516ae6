import SANCore
import SANInference
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Text to the two standard streams: results on standard output, everything else on standard error.
enum Console {
  private struct State {
    var quiet = false
    /// What the terminal's last line shows and a later line takes the place of.
    var progress = ""
    var hidesSteps = false
    /// When the bar was last drawn.
    var drawn: ContinuousClock.Instant?
  }

  private static let state = Mutex(State())
  static let isTerminal = isatty(STDERR_FILENO) == 1

  /// Silences ``show(_:)`` and ``note(_:)``.
  static func silence() { state.withLock { $0.quiet = true } }

  /// Writes a result. Unlike `print`, it tells when that fails.
  static func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Writes a result that is no text, or no text alone.
  static func write(_ bytes: [UInt8]) throws {
    if isatty(STDOUT_FILENO) == 1 { clearProgress() }
    do {
      try FileDescriptor.standardOutput.write(bytes)
    } catch {
      // Who reads has had enough, as `head` has; files are made all the same.
      guard error.code == EPIPE else { throw StandardOutputError(reason: error.text) }
    }
  }

  /// Writes a line on standard error unless the run is quiet.
  static func note(_ line: String) {
    clearProgress()
    if !state.withLock(\.quiet) { put("\(line.printable)\n") }
  }

  /// Writes an error's line, quiet or not.
  static func writeError(_ line: String) {
    clearProgress()
    put("\(line)\n")
  }

  /// Shows where a run is, on a terminal.
  static func show(_ progress: RunProgress) {
    let view = progress.views > 1 ? "view \(progress.view + 1) of \(progress.views): " : ""
    switch progress.stage {
    case .text: show("class names: \(progress.completed) of \(progress.total) prompts")
    case .image: show(view + "resizing the photo")
    case .clip: show(view + "CLIP's first blocks")
    case .side: show(view + "the side network")
    case .decoder: show(view + "masks and attention biases")
    case .recognition: show(view + "CLIP's last blocks")
    case .labels: show("labels")
    }
  }

  /// Shows a step of the run, on a terminal.
  static func show(_ step: String) {
    guard isTerminal else { return }
    state.withLock { state in
      guard !state.quiet, !state.hidesSteps, state.progress != step else { return }
      state.progress = step
      put("\r\(step.printable)\u{1B}[K")
    }
  }

  /// Shows no more steps: several images take theirs at the same time.
  static func hideSteps() { state.withLock { $0.hidesSteps = true } }

  /// Shows how far a run over several images is, on a terminal; ten times a second at most.
  static func showBar(_ bar: String) {
    guard isTerminal else { return }
    let now = ContinuousClock.now
    state.withLock { state in
      guard !state.quiet, state.progress != bar else { return }
      if !state.progress.isEmpty, let drawn = state.drawn, now - drawn < .milliseconds(100) { return }
      (state.progress, state.drawn) = (bar, now)
      put("\r\(bar)\u{1B}[K")
    }
  }

  /// Characters in a line of the terminal.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  private static func clearProgress() {
    state.withLock { state in
      guard !state.progress.isEmpty else { return }
      state.progress = ""
      put("\r\u{1B}[K")
    }
  }

  private static func put(_ text: String) {
    // Where standard error takes nothing there is nobody to tell.
    try? FileDescriptor.standardError.write(Array(text.utf8))
  }
}

/// Standard output does not take what is written.
struct StandardOutputError: ProgramError {
  let reason: String
  var description: String { "standard output: cannot be written: \(reason)" }
  var category: ErrorCategory { .inputOutput }
}

/// What this program is called.
enum Program {
  static let name = "san-cli"
  static let version = "0.1.0"
}
