import ArgumentParser
import SANCore
import SANInference

/// `san-cli benchmark`: where a model's time goes on this machine.
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Measures a model on this machine, stage by stage.",
    discussion: """
      Runs the model on a made-up picture with COCO-Stuff's 171 names, twice to warm up and then as often as asked. \
      "core" is the network: from the normalised picture to masks and their embeddings. GFLOP/s count the network's \
      products as the paper defines it; a run saves some of them. "text" is measured once, a prompt a name.
      """)

  @OptionGroup(title: "Model")
  var model: ModelOptions

  @Option(
    help: ArgumentHelp(
      """
      The picture's size in pixels: 640, or 480x640 for height and width. (default: the model's short side, \
      square)
      """,
      valueName: "size"),
    transform: InfoCommand.pictureSize)
  var size: Grid?

  @Option(
    help: ArgumentHelp("Measured runs, 1 to 1000. (default: 10)", valueName: "n"),
    transform: NumberInRange.parser(1...1000))
  var runs = 10

  @Option(
    help: ArgumentHelp(
      """
      Also measure the labels stage with so many classes, numbers separated by commas such as 1,20,80,171,400,847; \
      their embeddings are noise. (default: none)
      """,
      valueName: "numbers"),
    transform: BenchmarkCommand.classCounts)
  var classes: [Int] = []

  @Flag(help: "Print JSON. (default: off)")
  var json = false

  func run() throws {
    let segmenter = try model.load(model.makeSource())
    let side = segmenter.defaultShortSide
    let size = size ?? Grid(height: side, width: side)
    let photo = try BenchmarkCommand.picture(size)
    let clock = ContinuousClock.now
    let vocabulary = try segmenter.vocabulary(
      Vocabularies.names(of: "coco-stuff-171"), background: .none, templates: .plain,
      control: Interruption.control)
    let text = ContinuousClock.now - clock

    let vocabularies = classes.map(segmenter.noiseVocabulary)
    let shortSide = min(size.height, size.width)
    let encoded = try classes.isEmpty ? nil : segmenter.encode(photo, shortSide: shortSide)

    var samples: [RunProgress.Stage: [Double]] = [:]
    var labelSamples = [[Double]](repeating: [], count: classes.count)
    // The first run reads the weights, and the second keeps them packed.
    for run in -1...runs {
      Console.show("run \(max(run, 0)) of \(runs)")
      let result = try segmenter.segment(
        photo, vocabulary: vocabulary, shortSide: shortSide, control: Interruption.control)
      if let encoded {
        for (index, vocabulary) in vocabularies.enumerated() {
          let labelled = try segmenter.segment(
            encoded, vocabulary: vocabulary, control: Interruption.control)
          guard run > 0, let labels = labelled.timings.stages.last else { continue }
          labelSamples[index].append(labels.duration.milliseconds)
        }
      }
      guard run > 0 else { continue }
      for entry in result.timings.stages {
        samples[entry.stage, default: []].append(entry.duration.milliseconds)
      }
    }
    let report = BenchmarkReport(
      segmenter: segmenter, size: size, text: text.milliseconds, samples: samples,
      labels: zip(classes, labelSamples).map { ($0, $1) })
    try Console.write(json ? report.json : report.text)
  }

  /// Numbers of classes on the command line.
  private static func classCounts(_ text: String) throws -> [Int] {
    try NameList.split(text).map { name in
      guard let count = Int(name), (1...Vocabulary.maximumClasses).contains(count) else {
        throw ValidationError(
          "\"\(name)\" is not allowed; numbers of 1 to \(Vocabulary.maximumClasses), separated by commas, are"
        )
      }
      return count
    }
  }

  /// A smooth picture: no photo has to be at hand, and every run has the same.
  private static func picture(_ size: Grid) throws -> RGBImage {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(size.count * 3)
    for y in 0..<size.height {
      for x in 0..<size.width {
        pixels.append(UInt8(truncatingIfNeeded: x * 255 / size.width))
        pixels.append(UInt8(truncatingIfNeeded: y * 255 / size.height))
        pixels.append(UInt8(truncatingIfNeeded: (x / 32 + y / 32) % 2 * 160))
      }
    }
    return try RGBImage(width: size.width, height: size.height, pixels: pixels)
  }
}

/// Durations of repeated runs by stage, as a table or as JSON:
/// `{model, precision, kernels, threads, height, width, runs, text_ms, stages: [{stage, median_ms, min_ms, max_ms, gflops, share}],
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
    "\(segmenter.name), \(size.height)×\(size.width), \(segmenter.precision.rawValue), \(segmenter.threads) threads, "
      + "\(KernelSet.current.description) kernels, "
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
      ("model", .string(segmenter.name)), ("precision", .string(segmenter.precision.rawValue)),
      ("kernels", .string(KernelSet.current.description)),
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
