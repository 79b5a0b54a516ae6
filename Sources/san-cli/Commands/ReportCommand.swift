import ArgumentParser
import SANCore
import SANInference

/// `san-cli report`: what reports of `segment` say, in an order to look through photos by.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Lists the photos of a report, those first at which a person should look.",
    discussion: """
      Reads files that segment --report has written. Prints a line for each photo, with tabs between image, status, unsure \
      and margin: the share of its pixels (0 to 1) at which the label that won is less than 0.1 ahead of the next, and the \
      mean of how far it is ahead. A photo that failed has neither, nor has one that was shown in windows.
      """)

  @Argument(
    help: ArgumentHelp("Reports, such as those of all parts of a job.", valueName: "report"),
    completion: .file(extensions: ["jsonl"]))
  var reports: [String]

  enum Order: String, ExpressibleByArgument, CaseIterable {
    /// As in the reports.
    case report
    /// The most unsure pixels first, then the least margin; what has neither last.
    case doubt
  }

  @Option(
    help: ArgumentHelp(
      "The photos' order: report, as they come, or doubt, those with the most unsure pixels first.",
      valueName: "report|doubt"))
  var sort: Order = .report

  func run() throws {
    var entries = try reports.flatMap { try ReportEntry.read($0) }
    if sort == .doubt {
      let ranked = entries.enumerated().sorted { first, second in
        (first.element.rank.0, first.element.rank.1, first.offset)
          < (second.element.rank.0, second.element.rank.1, second.offset)
      }
      entries = ranked.map(\.element)
    }
    let lines = entries.map { entry in
      let doubt = entry.doubt.map { "\($0.unsureShare)\t\($0.meanMargin)" } ?? "-\t-"
      return "\(entry.image.printable)\t\(entry.status.printable)\t\(doubt)\n"
    }
    try Console.write("image\tstatus\tunsure\tmargin\n" + lines.joined())
  }
}

/// A photo of a report.
private struct ReportEntry {
  let image: String
  let status: String
  let doubt: Doubt?

  /// Lower for those to look at first.
  var rank: (Double, Double) { doubt.map { (-$0.unsureShare, $0.meanMargin) } ?? (1, 0) }

  /// The photos of the report at `path`, which may be a pipe.
  static func read(_ path: String) throws -> [ReportEntry] {
    let bytes =
      try path == "-"
      ? StreamInput.readStandardInput(limit: limit) : StreamInput.contents(of: path, limit: limit)
    let lines = bytes.withoutByteOrderMark.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return try lines.enumerated().compactMap { index, line in
      if line.allSatisfy({ $0 <= UInt8(ascii: " ") }) { return nil }
      let value = line.withUnsafeBytes { try? JSONValue(parsing: $0) }
      guard let value, case .string(let image)? = value["image"], case .string(let status)? = value["status"]
      else {
        throw ReportError(path: path == "-" ? "standard input" : path, line: index + 1)
      }
      return ReportEntry(image: image, status: status, doubt: value["doubt"].flatMap { Doubt($0) })
    }
  }

  private static let limit = 1 << 31
}

/// A line that no report has.
struct ReportError: ProgramError {
  let path: String
  let line: Int
  var description: String {
    "\(path): line \(line): is no photo of a report that segment --report has written"
  }
  var category: ErrorCategory { .damaged }
}
