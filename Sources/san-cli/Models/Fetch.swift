import SANCore
import SANInference

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

/// A download by `san-fetch`, which lies beside this program.
struct Fetch {
  /// The model's name, for progress.
  let name: String
  let address: String
  /// The file that grows.
  let part: String

  /// Runs it to its end.
  ///
  /// - Throws: ``FetchError``, or `CancellationError` where a signal has come.
  func run() throws {
    var progress = FetchProgress(name: name)
    var failure: FetchError?
    var isComplete = false
    try Self.lines(of: [Self.program, address, part]) { line in
      let words = line.split(separator: " ", maxSplits: 2)
      switch words.first {
      case "begin" where words.count == 3: progress.begin(Int(words[1]) ?? 0, total: Int(words[2]) ?? -1)
      case "at" where words.count == 2: progress.show(Int(words[1]) ?? 0)
      case "note": Console.note("san-cli: note: \(line.dropFirst(5))")
      case "end": isComplete = true
      case "fail" where words.count == 3:
        failure = FetchError(kind: String(words[1]), description: String(words[2]))
      default: break
      }
    }
    try Interruption.check()
    if let failure { throw failure }
    guard isComplete else {
      throw FetchError(
        kind: "network", description: "\(address): the download ended without a word; run it again")
    }
  }

  private static var program: String {
    #if os(Linux)
      let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    #else
      let own = CommandLine.arguments.first ?? ""
    #endif
    return Path.join(Path.folder(of: own), "san-fetch")
  }

  /// Whether downloads are possible.
  static var isInstalled: Bool { access(program, X_OK) == 0 }

  /// Runs a program and gives `body` each line that it writes, as it comes; a signal ends the program.
  private static func lines(of arguments: [String], _ body: (Substring) -> Void) throws {
    let missing = FetchError(
      kind: "missing",
      description:
        "\(arguments[0]): the program that downloads is not there; install it beside san-cli, or get the "
        + "file otherwise and use \"san-cli models add\"")
    guard isInstalled, let process = try? ChildProcess(arguments), let output = process.output else {
      throw missing
    }
    // It is gone, or has nobody to work for.
    defer { process.stop(SIGTERM) }
    var pending: [UInt8] = []
    while true {
      try Interruption.check()
      var request = pollfd(fd: output.number, events: Int16(POLLIN), revents: 0)
      guard poll(&request, 1, 200) > 0 else { continue }
      guard let bytes = try? output.read(upTo: 4096), !bytes.isEmpty else { return }
      pending += bytes
      while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        body(Substring(String(decoding: pending[..<end], as: UTF8.self)))
        pending.removeSubrange(...end)
      }
    }
  }
}

/// How far a download is: on a terminal as it goes, and in a log a line at each tenth.
private struct FetchProgress {
  let name: String
  private var start = ContinuousClock.now
  /// Bytes that were there before this run, and those in all where that is known.
  private var (first, total) = (0, 0)
  private var tenth = 0

  init(name: String) { self.name = name }

  mutating func begin(_ count: Int, total: Int) {
    (start, first, self.total) = (.now, count, total)
    tenth = tenths(count)
    if count > 0 && count < total {
      Console.note("\(name): going on at \(count.megabytes) of \(total.megabytes)")
    }
  }

  mutating func show(_ count: Int) {
    let amount = total > 0 ? "\(count.megabytes) of \(total.megabytes)" : count.megabytes
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    // The first moments' rate is no rate.
    let rate = seconds >= 0.5 ? Double(count - first) / seconds : 0
    var line = "\(name): \(amount)"
    if rate > 0 {
      line += ", \(Int(rate).megabytes)/s"
      if total > 0 { line += ", \(BatchProgress.time(Double(total - count) / rate)) left" }
    }
    if Console.isTerminal {
      Console.showBar(line)
    } else if tenths(count) > tenth {
      tenth = tenths(count)
      Console.note(line)
    }
  }

  private func tenths(_ count: Int) -> Int { total > 0 ? count / max(1, total / 10) : 0 }
}

/// Why a download has not come to its end.
struct FetchError: ProgramError {
  /// One of `san-fetch`'s, or `missing`.
  let kind: String
  let description: String

  var category: ErrorCategory {
    switch kind {
    case "usage": .badArgument
    case "refused", "missing": .notFound
    case "place": .cannotCreate
    default: .inputOutput
    }
  }
}
