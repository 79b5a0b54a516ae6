import ArgumentParser
import SANCore
import SANInference
import SANWeights

/// `san-cli models list`: what there is, and what can be had.
struct ModelsListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the models that are installed and those that can be downloaded.",
    discussion: """
      The size is that of the installed file, else of the one to download. Below the table is where each comes from: the \
      published file's address and SHA-256, and the installed file's origin and SHA-256.
      """)

  @Flag(help: "Print JSON. (default: off)")
  var json = false

  func run() throws {
    let store = ModelStore.standard
    let installed = store.models
    let names = [SANWeights.defaultModel] + KnownModel.all.map(\.name)
    let parts = store.folders.reversed().flatMap { folder in
      ModelPart.names(in: folder).compactMap { name in ModelPart(of: name, in: folder).map { (name, $0) } }
    }
    let partsByName = Dictionary(parts) { $1 }
    let others = Set(installed.map(\.name)).union(partsByName.keys).subtracting(names).sorted()
    let models = try (names + others).map { name in
      try ListedModel(name: name, installed: installed.first { $0.name == name }, part: partsByName[name])
    }
    try Console.write(json ? JSONText.array(models.map(\.json)).text : text(models))
  }

  private func text(_ models: [ListedModel]) -> String {
    var table = TextTable()
    table.add("name", "parameters", "size", "licence", "installed")
    for model in models {
      table.add(
        model.name, model.parameters?.grouped ?? "?", model.byteCount?.megabytes ?? "?", model.licence ?? "?",
        model.path != nil ? "yes" : model.part.map { "part: \($0.amount)" } ?? "no")
    }
    return table.text + models.map(\.origins).joined()
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
  /// Where the installed file is from; nil where that is not recorded.
  let source: String?
  /// The SHA-256 that the installed file had when it came.
  let digest: String?
  /// What has come of a download.
  let part: ModelPart?

  init(name: String, installed: ModelStore.Model?, part: ModelPart?) throws {
    self.name = name
    self.part = part
    known = KnownModel[name]
    let isEmbedded = name == SANWeights.defaultModel && installed == nil
    path = try isEmbedded ? SANWeights.modelPath() : installed?.path
    licence = isEmbedded ? "MIT" : known?.licence
    // A record that is none is `verify`'s business.
    let record = installed.flatMap { try? ModelRecord(of: $0) }
    source = isEmbedded ? "the package" : record?.source
    digest = try isEmbedded ? InstalledModel.embeddedDigest() : record?.digest
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

  /// Where the model can be had and where the installed one is from, for people; empty where neither is so.
  var origins: String {
    var lines: [String] = []
    if let known { lines += [known.url, "SHA-256 \(known.checksum.text)"] }
    if path != nil {
      let place = source.map { "from \($0)" } ?? "by hand: there is no record of where it is from"
      lines += ["installed \(place)"] + (digest.map { ["SHA-256 \($0)"] } ?? [])
    }
    return lines.isEmpty ? "" : "\n\(name)\n" + lines.map { "  \($0.printable)\n" }.joined()
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
      ("path", text(path)), ("bytes", number(path == nil ? nil : byteCount)), ("source", text(source)),
      ("sha256", text(digest)), ("part_bytes", number(part?.byteCount)), ("url", text(known?.url)),
      ("download_bytes", number(known?.byteCount)), ("download_sha256", text(whole)),
      ("download_sha256_begins", text(beginning)),
    ])
  }
}
