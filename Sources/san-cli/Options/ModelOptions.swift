import ArgumentParser
import SANInference
import SANWeights

/// Which model runs.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The embedded model's name, \(SANWeights.defaultModel), or a model file: safetensors, or PyTorch's as released.",
      valueName: "name|path"))
  var model = SANWeights.defaultModel

  @Option(help: "The model's config.json. (default: beside or inside the model file)", completion: .file())
  var config: String?

  @Option(help: "Threads to compute with. (default: one for each processor)")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads: \(threads) is not allowed; 1 to 1024 is")
    }
  }

  /// Input files that no output may take the place of.
  var inputs: [String] { (model == SANWeights.defaultModel ? [] : [model]) + (config.map { [$0] } ?? []) }
}

extension ModelSource {
  /// The model that a command line names.
  init(argument: String) throws {
    self = argument == SANWeights.defaultModel ? .embedded : .path(argument)
    guard self == .embedded || FileStatus(argument) != nil else { throw UnknownModelError(name: argument) }
  }
}

/// Neither a model's name nor a file.
struct UnknownModelError: StatusError {
  let name: String
  var description: String {
    "\(name): there is no such model; name a model file, or \(SANWeights.defaultModel), the embedded one"
  }
  var status: Int32 { Failure.Status.noInput }
}
