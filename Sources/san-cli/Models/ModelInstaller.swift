import SANCore
import SANInference
import SANWeights

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
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
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw PlaceError(
        path: folder, problem: "the folder for models cannot be made: \(String(cString: strerror(errno)))")
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
        "\(name) is no name for a model: up to 64 letters, digits and . _ - are, a letter or digit first")
    }
    guard name != SANWeights.defaultModel else {
      throw UsageError(option, "\(name) is the embedded model's name; choose another")
    }
  }

  /// Checks that a file with the SHA-256 `digest` may be installed as `name`.
  ///
  /// - Parameter wanted: what the user says the SHA-256 is.
  static func check(digest: String, wanted: String?, name: String, file: String) throws {
    if let wanted, digest != wanted {
      throw DigestError(file: file, found: digest, expected: wanted)
    }
    if let known = KnownModel[name], !known.checksum.fits(digest) {
      throw DigestError(file: file, found: digest, expected: "\(known.checksum.text) for \(name)")
    }
  }

  /// Whether `name` is installed already from what has the SHA-256 `digest`.
  ///
  /// - Throws: ``PlaceError`` where another model has the name.
  func has(_ name: String, digest: String) throws -> Bool {
    guard let model = ModelStore(folders: [folder]).model(name) else { return false }
    if try ModelRecord(of: model)?.sourceDigest == digest { return true }
    throw PlaceError(
      path: model.path,
      problem:
        "another model is installed as \(name); choose another name, or first \"san-cli models remove \(name)\""
    )
  }

  /// Installs the model in `file`: every number of it is looked at, and kept in the precision it has.
  ///
  /// - Parameters:
  ///   - digest: the file's SHA-256.
  ///   - source: where it came from, for the record.
  ///   - configuration: the path of its `config.json`, where it is neither beside it nor inside.
  func install(
    _ file: MappedFile, digest: String, as name: String, source: String, configuration: String?
  ) throws -> ModelRecord {
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
    // Under its name only when the record is there: a model that is installed has one.
    let hidden = Path.join(folder, ".\(name)-\(getpid()).safetensors")
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
      throw PlaceError(path: path, problem: "cannot be made: \(String(cString: strerror(errno)))")
    }
    return record
  }
}

/// A file that is not the one that was asked for.
struct DigestError: StatusError {
  let file: String
  let found: String
  let expected: String

  var description: String { "\(file): its SHA-256 is \(found) instead of \(expected); it is not used" }
  var status: Int32 { Failure.Status.data }
}
