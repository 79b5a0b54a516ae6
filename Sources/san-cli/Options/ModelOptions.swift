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

  @Option(
    help: ArgumentHelp(
      "The model's config.json. (default: beside or inside the model file)", valueName: "file"),
    completion: .file())
  var config: String?

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
    if let config {
      _ = try OptionError.naming("--config") { try SANConfiguration(path: config) }
    }
    return try OptionError.naming("--model") {
      try Segmenter(model: source, configuration: config, threads: threads, textCache: textCache)
    }
  }

  /// Input files that no output may take the place of.
  var inputs: [String] {
    [try? ModelSource(argument: model).filePath(), config].compactMap { $0 }
  }
}

extension ModelSource {
  /// The model that a command line names: an installed one's name before a file's.
  init(argument: String) throws {
    if argument == SANWeights.defaultModel || ModelStore.standard.model(argument) != nil {
      self = .named(argument)
    } else if FileStatus(argument) != nil {
      self = .path(argument)
    } else {
      throw UnknownModelError(name: argument)
    }
  }
}

extension SANConfiguration {
  /// The configuration of the model in `checkpoint`, from the file that `--config` names if it does.
  static func find(for checkpoint: Checkpoint, option path: String?) throws -> SANConfiguration {
    guard let path else { return try find(for: checkpoint) }
    return try OptionError.naming("--config") { try SANConfiguration(path: path) }
  }
}

/// Neither a model's name nor a file.
struct UnknownModelError: StatusError {
  let name: String

  var description: String {
    if KnownModel[name] != nil {
      return "\(name): is not installed; get it with \"san-cli models download \(name)\""
    }
    return "\(name): there is no such model or file; installed are "
      + "\(InstalledModel.names.joined(separator: ", ")); "
      + "\"san-cli models\" lists what can be downloaded, and \"san-cli models add FILE\" installs a file"
  }

  var status: Int32 { Failure.Status.noInput }
}

extension ModelStoreError: StatusError {
  var status: Int32 { Failure.Status.noInput }
}
