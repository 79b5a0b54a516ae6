import ArgumentParser
import SANCore
import SANInference
import SANWeights

/// `san-cli info`: what a model is made of and what it costs.
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Shows a model's architecture, parameters and cost.",
    discussion: """
      The file is read whole and checked as it is before a run. Multiply-adds are those of the network as the paper \
      defines it; a run saves some of them without changing the result.
      """)

  @Argument(
    help: ArgumentHelp(
      "An installed model's name (see san-cli models), or a model file.", valueName: "model"),
    completion: ModelCompletion.namesAndFiles)
  var model = SANWeights.defaultModel

  @Option(
    help: ArgumentHelp(
      "The model's config.json. (default: beside or inside the model file)", valueName: "file"),
    completion: .file())
  var config: String?

  @Option(
    help: ArgumentHelp(
      """
      The size in pixels of the picture that multiply-adds are counted for: 640, or 480x640 for height and width. (default: the model's short side, \
      square)
      """,
      valueName: "size"),
    transform: InfoCommand.pictureSize)
  var size: Grid?

  @Flag(help: "Print JSON. (default: off)")
  var json = false

  func run() throws {
    let path = try ModelSource(argument: model).filePath()
    let checkpoint = try Checkpoint.open(path: path)
    let parameters = try ModelParameters(
      checkpoint: checkpoint, configuration: SANConfiguration.find(for: checkpoint, option: config))
    let side = parameters.configuration.input.shortSide
    let summary = ModelSummary(
      checkpoint: checkpoint, configuration: parameters.configuration,
      size: size ?? Grid(height: side, width: side))
    try Console.write(json ? summary.json : summary.text)
  }

  /// A picture's size on the command line: `640`, or `480x640` for height × width.
  static func pictureSize(_ text: String) throws -> Grid {
    let sides = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard (1...2).contains(sides.count), sides.allSatisfy((32...4096).contains) else {
      throw ValidationError("allowed are 32 to 4096 pixels, as in 640 or 480x640")
    }
    return Grid(height: sides[0], width: sides[sides.count - 1])
  }
}
