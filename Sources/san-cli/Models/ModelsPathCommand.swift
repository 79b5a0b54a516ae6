import ArgumentParser
import SANInference
import SANWeights

/// `san-cli models path`: where a model's file is.
struct ModelsPathCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "path", abstract: "Prints the path of an installed model's file.")

  @Argument(help: "The model's name.", completion: ModelCompletion.names)
  var name: String

  func run() throws {
    try Console.write("\(InstalledModel(name).path)\n")
  }
}

/// A model that is there, the embedded one included.
struct InstalledModel {
  let name: String
  let path: String
  /// Nil for the embedded model.
  let entry: ModelStore.Model?

  /// All of them, in order.
  static var names: [String] {
    Set(ModelStore.standard.models.map(\.name)).union([SANWeights.defaultModel]).sorted()
  }

  init(_ name: String) throws {
    entry = ModelStore.standard.model(name)
    guard entry != nil || name == SANWeights.defaultModel else { throw UnknownModelError(name: name) }
    self.name = name
    path = try entry?.path ?? SANWeights.modelPath()
  }
}
