import SANCore
import SANInference

/// Durations of repeated runs by stage, as a table or as JSON:
/// `{model, kernels, threads, height, width, runs, text_ms, stages: [{stage, median_ms, min_ms, max_ms, gflops, share}],
/// labels: [{classes, median_ms, min_ms, max_ms}]}`.
struct BenchmarkReport {
  /// One line of the report.
  private struct Row {
    let name: String
    let median: Double
    let least: Double
    let most: Double
    /// Floating-point operations of the part, two a multiply-add; nil for what is not mainly products.
    let operations: Double?

    init(_ name: String, _ samples: [Double], multiplyAdds: Double? = nil) {
      let sorted = samples.sorted()
      self.name = name
      median =
        sorted.count % 2 == 1
        ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
      (least, most) = (sorted[0], sorted[sorted.count - 1])
      operations = multiplyAdds.map { 2 * $0 }
    }

    var gflops: Double? { operations.map { $0 / (median * 1e6) } }
  }

  private let segmenter: Segmenter
  private let size: Grid
  private let prompts: Double
  private let runs: Int
  private let rows: [Row]
  private let total: Row
  private let labels: [(classes: Int, row: Row)]

  /// `text` is what the vocabulary took, `samples` each stage's durations and `labels` those of the labels stage by the
  /// number of classes, in milliseconds.
  init(
    segmenter: Segmenter, size: Grid, text: Double, samples: [RunProgress.Stage: [Double]],
    labels: [(classes: Int, samples: [Double])]
  ) {
    self.labels = labels.map { ($0.classes, Row("labels, \($0.classes)", $0.samples)) }
    self.segmenter = segmenter
    self.size = size
    prompts = text
    let cost = SANCost(segmenter.model.configuration, imageSize: size)
    let core: [(stage: RunProgress.Stage, multiplyAdds: Double)] = [
      (.clip, cost.clipExtractor), (.side, cost.sideAdapter + cost.fusion), (.decoder, cost.maskDecoder),
      (.recognition, cost.recognitionHead),
    ]
    func sum(_ stages: [RunProgress.Stage]) -> [Double] {
      let all = stages.compactMap { samples[$0] }
      return (all.first ?? []).indices.map { run in all.reduce(0) { $0 + $1[run] } }
    }
    runs = samples[.clip]?.count ?? 0
    rows =
      [Row("image", sum([.image]))]
      + core.map { Row($0.stage.rawValue, sum([$0.stage]), multiplyAdds: $0.multiplyAdds) }
      + [Row("labels", sum([.labels])), Row("core", sum(core.map(\.stage)), multiplyAdds: cost.total)]
    total = Row("all", sum([.image] + core.map(\.stage) + [.labels]))
  }

  private var heading: String {
    "\(segmenter.name), \(size.height)×\(size.width), \(segmenter.threads) threads, \(KernelSet.current.description) kernels, "
      + "\(runs) runs"
  }

  /// The table.
  var text: String {
    var table = TextTable()
    table.add("stage", "median ms", "min", "max", "GFLOP/s", "share")
    for row in rows + [total] {
      table.add(
        row.name, row.median.fixed(1), row.least.fixed(1), row.most.fixed(1), row.gflops?.fixed(0) ?? "",
        (row.median / total.median * 100).fixed(0) + " %")
    }
    for (_, row) in labels {
      table.add(row.name, row.median.fixed(1), row.least.fixed(1), row.most.fixed(1), "", "")
    }
    return "\(heading)\n\(table.text)text, 171 prompts, once: \(prompts.fixed(0)) ms\n"
  }

  /// The report as JSON.
  var json: String {
    JSONText.object([
      ("model", .string(segmenter.name)), ("kernels", .string(KernelSet.current.description)),
      ("threads", .integer(segmenter.threads)), ("height", .integer(size.height)),
      ("width", .integer(size.width)),
      ("runs", .integer(runs)), ("text_ms", .real(prompts)),
      (
        "stages",
        .array(
          (rows + [total]).map { row in
            .object([
              ("stage", .string(row.name)), ("median_ms", .real(row.median)), ("min_ms", .real(row.least)),
              ("max_ms", .real(row.most)), ("gflops", row.gflops.map(JSONText.real) ?? .null),
              ("share", .real(row.median / total.median)),
            ])
          })
      ),
      (
        "labels",
        .array(
          labels.map { classes, row in
            .object([
              ("classes", .integer(classes)), ("median_ms", .real(row.median)), ("min_ms", .real(row.least)),
              ("max_ms", .real(row.most)),
            ])
          })
      ),
    ]).text
  }
}
