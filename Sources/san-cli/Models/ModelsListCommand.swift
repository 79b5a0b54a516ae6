import ArgumentParser
import SANCore
import SANInference
import SANWeights

/// `san-cli models list`: what there is, and what can be had.
struct ModelsListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the models that are installed and those that can be downloaded.",
    discussion: "The size is that of the installed file, else of the one to download.")

  @Flag(help: "Print JSON. (default: off)")
  var json = false

  func run() throws {
    let installed = ModelStore.standard.models
    let names = [SANWeights.defaultModel] + KnownModel.all.map(\.name)
    let others = installed.map(\.name).filter { !names.contains($0) }
    let models = try (names + others).map { name in
      try ListedModel(name: name, installed: installed.first { $0.name == name })
    }
    try Console.write(json ? JSONText.array(models.map(\.json)).text : text(models))
  }

  private func text(_ models: [ListedModel]) -> String {
    var table = TextTable()
    table.add("name", "parameters", "size", "licence", "installed")
    for model in models {
      table.add(
        model.name, model.parameters?.grouped ?? "?", model.byteCount?.megabytes ?? "?", model.licence ?? "?",
        model.path == nil ? "no" : "yes")
    }
    let sources = models.compactMap { model in
      model.known.map { "\n\($0.name)\n  \($0.url)\n  SHA-256 \($0.checksum.text)\n" }
    }
    return table.text + sources.joined()
  }
}

/// What is told of a model.
private struct ListedModel {
  let name: String
  let known: KnownModel?
  /// The installed file.
  let path: String?
  let parameters: Int?
  let byteCount: Int?
  let licence: String?

  init(name: String, installed: ModelStore.Model?) throws {
    self.name = name
    known = KnownModel[name]
    let isEmbedded = name == SANWeights.defaultModel && installed == nil
    path = try isEmbedded ? SANWeights.modelPath() : installed?.path
    licence = isEmbedded ? "MIT" : known?.licence
    if let path {
      // Names and shapes alone are read; what is no model has no parameters.
      let checkpoint = try? Checkpoint.open(path: path)
      parameters = checkpoint.map { checkpoint in
        checkpoint.entries.filter { !ModelParameters.ignoredNames.contains($0.name) }
          .reduce(0) { $0 + $1.shape.reduce(1, *) }
      }
      byteCount = FileStatus(path)?.byteCount
    } else {
      parameters = known?.sizes.parameterCount
      byteCount = known?.byteCount
    }
  }

  var json: JSONText {
    func text(_ value: String?) -> JSONText { value.map(JSONText.string) ?? .null }
    func number(_ value: Int?) -> JSONText { value.map(JSONText.integer) ?? .null }
    var (whole, beginning): (String?, String?) = (nil, nil)
    switch known?.checksum {
    case .whole(let digest): (whole, beginning) = (digest, String(digest.prefix(8)))
    case .beginning(let digits): beginning = digits
    case nil: break
    }
    return .object([
      ("name", .string(name)), ("parameters", number(parameters)), ("licence", text(licence)),
      ("path", text(path)), ("bytes", number(path == nil ? nil : byteCount)), ("url", text(known?.url)),
      ("download_bytes", number(known?.byteCount)), ("download_sha256", text(whole)),
      ("download_sha256_begins", text(beginning)),
    ])
  }
}

extension Int {
  /// A number of bytes in millions.
  var megabytes: String { "\((Double(self) / 1e6).fixed(1)) MB" }
}
