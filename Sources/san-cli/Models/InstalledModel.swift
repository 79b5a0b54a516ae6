import ArgumentParser
import SANCore
import SANInference
import SANWeights

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

  /// What the package says of its own model, as `sha256sum` writes it.
  static func embeddedDigest() throws -> String? {
    let path = try SANWeights.path("\(SANWeights.defaultModel)/model.safetensors.sha256")
    let text = String(decoding: try MappedFile.contents(of: path, limit: 4096), as: UTF8.self)
    return text.split(separator: " ").first.map(String.init)
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
struct UnknownModelError: ProgramError {
  let name: String

  var description: String {
    if KnownModel[name] != nil {
      return "\(name): is not installed; get it with \"san-cli models download \(name)\""
    }
    if SystemError.isAddress(name) {
      return "\(name): addresses are not fetched here: "
        + "\"san-cli models download NAME --url \(name)\" gets and installs it as NAME"
    }
    return "\(name): there is no such model or file; installed are "
      + "\(InstalledModel.names.joined(separator: ", ")); "
      + "\"san-cli models\" lists what can be downloaded, and \"san-cli models add FILE\" installs a file"
  }

  var category: ErrorCategory { .notFound }
}

/// What is remembered of an installed model: a small JSON file beside it.
struct ModelRecord: Equatable {
  let name: String
  /// Where it came from: an address, or a file's name.
  let source: String
  /// The SHA-256 of what it was made from.
  let sourceDigest: String
  /// The SHA-256 of the installed file.
  let digest: String
  /// The installed file's size.
  let byteCount: Int

  /// Larger ones are no records.
  private static let maximumByteCount = 1 << 16

  /// Where the record of the model file `path` lies.
  static func path(for path: String) -> String { "\(path).json" }

  /// The record of the installed model; nil where there is none.
  ///
  /// - Throws: ``RecordError`` where there is something else in its place.
  init?(of model: ModelStore.Model) throws {
    let path = ModelRecord.path(for: model.path)
    guard FileStatus(path) != nil else { return nil }
    let json = try MappedFile.contents(of: path, limit: ModelRecord.maximumByteCount)
    guard let value = try? json.withUnsafeBytes(JSONValue.init(parsing:)),
      case .string(let name) = value["name"], case .string(let source) = value["source"],
      case .string(let sourceDigest) = value["source_sha256"], case .string(let digest) = value["sha256"],
      case .integer(let byteCount) = value["bytes"]
    else { throw RecordError(path: path, model: model.name) }
    self.init(
      name: name, source: source, sourceDigest: sourceDigest, digest: digest, byteCount: byteCount)
  }

  init(name: String, source: String, sourceDigest: String, digest: String, byteCount: Int) {
    (self.name, self.source, self.sourceDigest) = (name, source, sourceDigest)
    (self.digest, self.byteCount) = (digest, byteCount)
  }

  var json: String {
    JSONText.object([
      ("name", .string(name)), ("source", .string(source)), ("source_sha256", .string(sourceDigest)),
      ("sha256", .string(digest)), ("bytes", .integer(byteCount)),
    ]).text
  }
}

/// A record that is not one.
struct RecordError: ProgramError {
  let path: String
  let model: String

  var description: String {
    "\(path): is not the record of a model; \"san-cli models remove \(model)\" takes it and the model away, "
      + "and add or download gets it again"
  }
  var category: ErrorCategory { .damaged }
}

/// What a shell completes a model to.
enum ModelCompletion {
  /// The models that are there.
  static var names: CompletionKind { .custom { _, _, _ in InstalledModel.names } }

  /// The models that are there, and files that may be one.
  static var namesAndFiles: CompletionKind { .custom { _, _, word in InstalledModel.names + files(word) } }

  /// Folders and model files whose paths begin with `word`.
  private static func files(_ word: String) -> [String] {
    let start = word.lastIndex(of: "/").map { String(word[...$0]) } ?? ""
    let folder = start.isEmpty ? "." : start
    let entries = (try? FolderEntry.all(in: folder)) ?? []
    return entries.sorted { $0.name < $1.name }.compactMap { entry -> String? in
      let path = start + entry.name
      guard path.hasPrefix(word), !entry.isHidden else { return nil }
      if entry.folder != nil { return "\(path)/" }
      return ["pth", "safetensors"].contains { Path.has(path, extension: $0) } ? path : nil
    }
  }
}
