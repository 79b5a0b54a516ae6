import SANCore
import SANInference

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
struct RecordError: StatusError {
  let path: String
  let model: String

  var description: String {
    "\(path): is not the record of a model; \"san-cli models remove \(model)\" takes it and the model away, "
      + "and add or download gets it again"
  }
  var status: Int32 { Failure.Status.data }
}
