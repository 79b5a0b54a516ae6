#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `san-fetch ADDRESS PART`: brings a file from the network, for `san-cli models download`.
///
/// A program of its own, so that what needs the network's libraries is loaded by nobody else. PART is appended to where
/// an earlier run left it, if the file is still the same on the server; PART.state remembers which that was. Standard
/// output has an event a line:
///
///     begin OFFSET TOTAL    bytes that are there already, and those in all or -1
///     at COUNT              bytes that are there
///     note TEXT
///     end COUNT
///     fail KIND TEXT        KIND is one of Failure.Kind
@main
struct Program {
  static func main() {
    signal(SIGXFSZ, SIG_IGN)
    // Who started this program reads its events: without a reader there is no use in going on.
    signal(SIGPIPE, SIG_DFL)
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count == 2 else {
      fail(Failure(.usage, "usage: san-fetch ADDRESS PART; san-cli models download is what calls it"))
    }
    do throws(Failure) {
      try Download(address: arguments[0], to: arguments[1]).run()
    } catch {
      fail(error)
    }
  }

  private static func fail(_ failure: Failure) -> Never {
    Event.send("fail \(failure.kind.rawValue) \(failure.text)")
    exit(1)
  }
}

/// A line on standard output.
enum Event {
  static func send(_ line: String) {
    var bytes = Array(line.map { $0.isNewline ? " " : String($0) }.joined().utf8)[...] + [UInt8(ascii: "\n")]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}

/// Why there is no file, or not all of it.
struct Failure: Error, Sendable {
  enum Kind: String, Sendable {
    /// The call makes no sense.
    case usage
    /// The server has no such file, or does not give it away.
    case refused
    /// No connection, or one that ended too early: another run goes on where this one stopped.
    case network
    /// The part cannot be opened or is in use.
    case place
    /// The part cannot be written to its end.
    case disk
  }

  let kind: Kind
  let text: String

  init(_ kind: Kind, _ text: String) { (self.kind, self.text) = (kind, text) }
}
