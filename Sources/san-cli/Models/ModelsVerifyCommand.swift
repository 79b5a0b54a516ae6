import ArgumentParser
import SANCore
import SANInference
import SANWeights

/// `san-cli models verify`: whether installed files are still what was installed.
struct ModelsVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Compares installed files with the SHA-256 that is recorded of them.",
    discussion: """
      A file that was put into the folder by hand has no record; it is compared with the published file of its name, \
      where there is one. Exit status 65 where a file differs, or where the one that is named cannot be compared.
      """)

  @Argument(help: "The model's name. (default: all that are installed)")
  var name: String?

  func run() throws {
    let names =
      name.map { [$0] }
      ?? Set(ModelStore.standard.models.map(\.name)).union([SANWeights.defaultModel]).sorted()
    var (different, unknown): ([String], [String]) = ([], [])
    for name in names {
      let model = try InstalledModel(name)
      let digest = try FileDigest.sha256(ofFileAt: model.path)
      switch try Self.expected(of: model) {
      case nil:
        unknown.append(name)
        try Console.write("\(name): not known, has no record; SHA-256 \(digest)\n")
      case digest:
        try Console.write("\(name): sound; SHA-256 \(digest)\n")
      case let expected?:
        different.append(name)
        try Console.write("\(name): differs; SHA-256 \(digest) instead of \(expected)\n")
      }
    }
    if !different.isEmpty { throw VerificationError(names: different, problem: "not what was installed") }
    if name != nil && !unknown.isEmpty {
      throw VerificationError(names: unknown, problem: "without a record to compare with")
    }
  }

  /// The SHA-256 that the model's file should have.
  static func expected(of model: InstalledModel) throws -> String? {
    guard let entry = model.entry else { return try embeddedDigest() }
    if let record = try ModelRecord(of: entry) { return record.digest }
    if case .whole(let digest) = KnownModel[model.name]?.checksum { return digest }
    return nil
  }

  /// What the package says of its own model, as `sha256sum` writes it.
  static func embeddedDigest() throws -> String? {
    let path = try SANWeights.path("\(SANWeights.defaultModel)/model.safetensors.sha256")
    let text = String(decoding: try MappedFile.contents(of: path, limit: 4096), as: UTF8.self)
    return text.split(separator: " ").first.map(String.init)
  }
}

/// Models that cannot be relied on.
struct VerificationError: StatusError {
  let names: [String]
  let problem: String

  var description: String {
    "\(names.joined(separator: ", ")): \(problem); \"san-cli models remove\" takes a model away, "
      + "and add or download gets it again"
  }
  var status: Int32 { Failure.Status.data }
}
