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
