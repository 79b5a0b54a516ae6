import SANCore
import SANInference
import SANWeights

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Puts models into the folder where the user's are: checked, as safetensors, whole or not at all.
struct ModelInstaller {
  /// The folder that `SAN_MODEL_DIR` names, else the user's own.
  let folder: String

  init() throws {
    guard let folder = ModelStore.standard.folders.first else {
      throw PlaceError(path: "models", problem: "there is no home folder to keep them in; set SAN_MODEL_DIR")
    }
    self.folder = folder
  }

  /// Makes the folder where it is missing.
  func makeFolder() throws {
    do {
      try OutputFolder.make(folder)
    } catch let error as PlaceError {
      throw PlaceError(path: error.path, problem: "\(error.problem); set SAN_MODEL_DIR to another folder")
    }
    guard access(folder, W_OK) == 0 else {
      throw PlaceError(path: folder, problem: "no model can be put here; set SAN_MODEL_DIR to another folder")
    }
  }

  /// Checks that a model may be installed as `name`, which `option` gives.
  static func check(name: String, option: String) throws {
    guard ModelStore.isName(name) else {
      throw UsageError(
        option,
        SystemError.isAddress(name)
          ? "\(name) is an address: give it with --url, after a name for the model"
          : "\(name) is no name for a model: up to 64 letters, digits and . _ - are, a letter or digit first")
    }
    guard name != SANWeights.defaultModel else {
      throw UsageError(option, "\(name) is the embedded model's name; choose another")
    }
  }

  /// Checks that a file with the SHA-256 `digest` may be installed as `name`.
  ///
  /// - Parameter wanted: what the user says the SHA-256 is.
  static func check(digest: String, wanted: String?, name: String, file: String) throws {
    if let known = KnownModel[name], !known.checksum.fits(digest) {
      throw DigestError(
        file: file, found: digest, expected: "\(known.checksum.text) for \(name)",
        advice: "get the file again, or give a model of your own another name")
    }
    if let wanted, digest != wanted {
      throw DigestError(
        file: file, found: digest, expected: wanted, advice: "get the file again, or mend --sha256")
    }
  }

  /// Whether `name` is installed already, and its file still what was installed.
  ///
  /// - Parameter isSame: whether a record is that of the model that is to be installed.
  /// - Throws: ``PlaceError`` where another model has the name.
  func has(_ name: String, where isSame: (ModelRecord) -> Bool) throws -> Bool {
    guard let model = ModelStore(folders: [folder]).model(name) else { return false }
    guard let record = try ModelRecord(of: model), isSame(record) else {
      throw PlaceError(
        path: model.path,
        problem:
          "another model is installed as \(name); choose another name, or first \"san-cli models remove \(name)\""
      )
    }
    return try FileStatus(model.path)?.byteCount == record.byteCount
      && FileDigest.sha256(ofFileAt: model.path) == record.digest
  }

  /// The file that an installation writes before it has its name.
  static func hiddenPath(of name: String, in folder: String) -> String {
    Path.join(folder, ".\(name).safetensors")
  }

  /// Installs the model in `file`: every number of it is looked at, and kept in the precision it has. A damaged file of
  /// the name is replaced. The caller holds the name's ``ModelLock``.
  ///
  /// - Parameters:
  ///   - digest: the file's SHA-256.
  ///   - source: where it came from, for the record.
  ///   - configuration: the path of its `config.json`, where it is neither beside it nor inside.
  func install(
    _ file: MappedFile, digest: String, as name: String, source: String, configuration: String?
  ) throws {
    Console.show("checking \(source)")
    let checkpoint = try Checkpoint(file)
    let parameters = try ModelParameters(
      checkpoint: checkpoint, configuration: SANConfiguration.find(for: checkpoint, option: configuration))
    let entries = parameters.configuration.parameterShapes.map { name, shape in
      let type = checkpoint.entry(name)?.type
      let kept = type == .float16 || type == .bfloat16 ? type : nil
      return SafetensorsWriter.Entry(name: name, shape: shape, type: kept ?? .float32)
    }
    let path = Path.join(folder, "\(name).safetensors")
    if FileStatus(path) != nil {
      Console.note("san-cli: note: \(path): is no longer what was installed; it is replaced")
    }
    // Under its name only when the record is there: a model that is installed has one.
    let hidden = ModelInstaller.hiddenPath(of: name, in: folder)
    defer { unlink(hidden) }
    Console.show("writing \(path)")
    try SafetensorsWriter.write(
      to: hidden, entries: entries, metadata: ["format": "san", "config": parameters.configuration.json]
    ) { name in
      try Interruption.check()
      return parameters[name]
    }
    let record = ModelRecord(
      name: name, source: source, sourceDigest: digest, digest: try FileDigest.sha256(ofFileAt: hidden),
      byteCount: FileStatus(hidden)?.byteCount ?? 0)
    try AtomicFile.write(record.json, to: ModelRecord.path(for: path))
    guard rename(hidden, path) == 0 else {
      throw PlaceError(path: path, problem: "cannot be made: \(SystemError.text(errno))")
    }
  }
}

/// A file that is not the one that was asked for.
struct DigestError: ProgramError {
  let file: String
  let found: String
  let expected: String
  let advice: String

  var description: String {
    "\(file): its SHA-256 is \(found) instead of \(expected); it is not used: \(advice)"
  }
  var category: ErrorCategory { .damaged }
}
