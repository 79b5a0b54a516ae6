import ArgumentParser
import SANCore
import SANInference
import SANWeights

/// Which model runs.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An installed model's name (see san-cli models), or a model file: safetensors, or PyTorch's as released.",
      valueName: "name|path"),
    completion: ModelCompletion.namesAndFiles)
  var model = SANWeights.defaultModel

  @OptionGroup
  var configuration: ConfigOption

  @Option(
    help: ArgumentHelp(
      """
      In what the network computes: f32; or, faster, with a few pixels labelled otherwise, bf16 on processors with AVX-512 \
      BF16, or int8 on any.
      """,
      valueName: "f32|bf16|int8"))
  var precision = Precision.float32

  @Option(
    help: "Threads to compute with. (default: one for each processor)",
    transform: NumberInRange.parser(1...1024))
  var threads: Int?

  /// Where the model is; nothing is read yet.
  func makeSource() throws -> ModelSource {
    try OptionError.naming("--model") { try ModelSource(argument: model) }
  }

  /// Loads the model at `source`.
  func load(_ source: ModelSource, textCache: TextCache? = nil) throws -> Segmenter {
    // By itself first: what is wrong with it then is not told of the model.
    if let config = configuration.config {
      _ = try OptionError.naming("--config") { try SANConfiguration(path: config) }
    }
    try OptionError.naming("--precision") { try precision.checkOffered() }
    return try OptionError.naming("--model") {
      try Segmenter(
        model: source, configuration: configuration.config, precision: precision, threads: threads,
        textCache: textCache)
    }
  }

  /// Input files that no output may take the place of.
  var inputs: [String] {
    [try? ModelSource(argument: model).filePath(), configuration.config].compactMap { $0 }
  }
}

/// The configuration of a model file that does not tell its own.
struct ConfigOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The model's config.json. (default: beside or inside the model file)", valueName: "file"),
    completion: .file())
  var config: String?
}

extension Precision: ExpressibleByArgument {}
