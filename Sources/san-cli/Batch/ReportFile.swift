/// A report with a line of JSON for each image:
///
///     image       the path that it was read from
///     status      done, skipped or failed
///     error       of a failed image alone: what the run says of it on standard error
///     outputs     the paths of its files; a folder of masks is one of them
///     width       of the upright image
///     height
///     classes     those that have pixels: name, label, pixels, coverage (0 to 1), score
///     other       the same; null where it has no pixel
///     timings_ms  of an image that is done: each step's duration
///     total_ms    from reading it to its files
struct ReportFile: RunOutput {
  /// Nil for standard output.
  private let file: AppendedFile?

  /// Starts a report at `path`, or on standard output where it is `-`.
  init(_ path: String) throws {
    file = path == "-" ? nil : try AppendedFile(path, replacing: true)
  }

  func take(_ outcome: ImageOutcome) throws {
    let line = ReportFile.line(outcome)
    try file?.append(line) ?? Console.write(line)
  }

  private static func line(_ outcome: ImageOutcome) -> String {
    let outputs = JSONText.array(outcome.item.plan.paths.map { .string($0) })
    let members: [(String, JSONText)] =
      switch outcome.end {
      case .done(let summary, let watch):
        [("status", .string("done")), ("outputs", outputs)] + summary.members + [
          ("timings_ms", .object(watch.steps.map { ($0.name, .real($0.duration.milliseconds)) })),
          ("total_ms", .real(watch.total.milliseconds)),
        ]
      case .skipped(let summary):
        [("status", .string("skipped")), ("outputs", outputs)] + summary.members
      case .failed(let line):
        [("status", .string("failed")), ("error", .string(line))]
      }
    return JSONText.object([("image", .string(outcome.item.path))] + members).line
  }
}
