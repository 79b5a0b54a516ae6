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

  @OptionGroup
  var modelConfiguration: ConfigOption

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
      checkpoint: checkpoint,
      configuration: SANConfiguration.find(for: checkpoint, option: modelConfiguration.config))
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

/// What `info` says of a model.
struct ModelSummary {
  let checkpoint: Checkpoint
  let configuration: SANConfiguration
  /// The picture for which multiply-adds are counted.
  let size: Grid

  /// Names of the parts and the number of their parameters.
  private var parameters: [(name: String, count: Int)] {
    var counts = [0, 0, 0, 0, 0]
    for (name, shape) in configuration.parameterShapes {
      let part =
        switch name {
        case _ where name.hasPrefix("clip_visual_extractor."): 0
        case _ where name.hasPrefix("clip_rec_head."): 1
        case _ where name.hasPrefix("side_adapter_network.mask_decoder."): 3
        case _ where name.hasPrefix("side_adapter_network."): 2
        default: 4
        }
      counts[part] += shape.reduce(1, *)
    }
    let names = ["clip_extractor", "recognition_head", "side_adapter", "mask_decoder", "text_encoder"]
    return zip(names, counts).map { ($0, $1) }
  }

  /// Names of the parts and their multiply-adds for one picture.
  private var cost: [(name: String, count: Double)] {
    let cost = SANCost(configuration, imageSize: size)
    return [
      ("clip_extractor", cost.clipExtractor), ("recognition_head", cost.recognitionHead),
      ("side_adapter", cost.sideAdapter), ("patch_embeddings", cost.patchEmbeddings), ("fusion", cost.fusion),
      ("mask_decoder", cost.maskDecoder),
    ]
  }

  /// How many numbers are stored in which type, in the types' order.
  private var elementTypes: [(type: ElementType, count: Int)] {
    var counts: [ElementType: Int] = [:]
    for entry in checkpoint.entries { counts[entry.type, default: 0] += entry.shape.reduce(1, *) }
    return ElementType.allCases.compactMap { type in counts[type].map { (type, $0) } }
  }

  // MARK: For people

  var text: String {
    var text = "\(configuration.name)\n\n"
    for (label, value) in architecture {
      text += "\(label)\(String(repeating: " ", count: 14 - label.count))\(value.printable)\n"
    }
    var table = TextTable()
    table.add("parameters", "")
    for part in parameters { table.add("  \(ModelSummary.title(part.name))", part.count.grouped) }
    table.add("  total", configuration.parameterCount.grouped)
    table.add("", "")
    table.add("multiply-adds at \(size.height)×\(size.width)", "")
    for part in cost { table.add("  \(ModelSummary.title(part.name))", ModelSummary.rounded(part.count)) }
    table.add("  total", ModelSummary.rounded(cost.reduce(0) { $0 + $1.count }))
    table.add("  a prompt of \(configuration.clip.text.contextLength) tokens", ModelSummary.rounded(prompt))
    return text + "\n" + table.text
  }

  private var architecture: [(String, String)] {
    let (clip, side, decoder) = (configuration.clip, configuration.sideAdapter, configuration.maskDecoder)
    let types = elementTypes.map(\.type.rawValue).joined(separator: ", ")
    let head = clip.image.layers - clip.extractorLayers
    let fusion = side.fusion.map { "\($0.clipLayer)→\($0.sideBlock)" }.joined(separator: " ")
    return [
      ("file", checkpoint.path),
      ("format", "\(checkpoint.format.rawValue), \(types), \(checkpoint.fileByteCount.grouped) bytes"),
      (
        "CLIP image",
        "width \(clip.image.width), \(clip.extractorLayers) + \(head) layers, \(clip.image.heads) heads, patch "
          + "\(clip.image.patchSize), positions \(clip.image.grid.height)×\(clip.image.grid.width), image × \(clip.resolutionScale)"
      ),
      (
        "CLIP text",
        "width \(clip.text.width), \(clip.text.layers) layers, \(clip.text.heads) heads, \(clip.text.contextLength) tokens "
          + "of \(clip.text.vocabularySize)"
      ),
      ("joint space", "\(clip.embedding)"),
      (
        "side adapter",
        "width \(side.width), \(side.layers) layers, \(side.heads) heads, patch \(side.patchSize), positions "
          + "\(side.grid.height)×\(side.grid.width), \(side.queries) queries"
      ),
      ("fusion", "\(fusion) (CLIP layer → side block)"),
      (
        "mask decoder",
        "\(decoder.channels) channels, \(decoder.mlpLayers) layers, \(decoder.biasHeads) bias heads"
      ),
      ("short side", "\(configuration.input.shortSide)"),
      ("precisions", Precision.offered.map(\.rawValue).joined(separator: ", ")),
    ]
  }

  private var prompt: Double { SANCost.prompt(configuration) }

  private static func title(_ name: String) -> String {
    switch name {
    case "clip_extractor": "CLIP, first part"
    case "recognition_head": "CLIP, recognition head"
    default: String(name.map { $0 == "_" ? " " : $0 })
    }
  }

  private static func rounded(_ count: Double) -> String {
    count < 1e9 ? "\((count / 1e6).fixed(1)) M" : "\((count / 1e9).fixed(2)) G"
  }

  // MARK: For programs

  /// The same as JSON: name, path, format, bytes, element_types, precisions that this machine offers, configuration (as in `config.json`), parameters, and
  /// multiply_adds with the picture's height and width and the prompt's tokens.
  var json: String {
    JSONText.object([
      ("name", .string(configuration.name)), ("path", .string(checkpoint.path)),
      ("format", .string(checkpoint.format.rawValue)), ("bytes", .integer(checkpoint.fileByteCount)),
      ("element_types", .object(elementTypes.map { ($0.type.rawValue, .integer($0.count)) })),
      ("precisions", .array(Precision.offered.map { .string($0.rawValue) })),
      ("configuration", .verbatim(configuration.json)),
      (
        "parameters",
        .object(
          parameters.map { ($0.name, .integer($0.count)) } + [
            ("total", .integer(configuration.parameterCount))
          ])
      ),
      (
        "multiply_adds",
        .object(
          [("height", .integer(size.height)), ("width", .integer(size.width))]
            + cost.map { ($0.name, ModelSummary.count($0.count)) }
            + [
              ("total", ModelSummary.count(cost.reduce(0) { $0 + $1.count })),
              ("prompt_tokens", .integer(configuration.clip.text.contextLength)),
              ("prompt", ModelSummary.count(prompt)),
            ])
      ),
    ]).text
  }

  private static func count(_ count: Double) -> JSONText {
    Int(exactly: count).map { .integer($0) } ?? .real(count)
  }
}
