import ArgumentParser
import SANCore
import SANInference
import SANWeights

/// `san-cli models verify`: whether installed files are still what was installed.
struct ModelsVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Compares installed files with the SHA-256 that is recorded of them.",
    discussion: """
      A file that was put into the folder by hand has no record; a .pth file is compared with the published one of its \
      name, where there is one. Exit status 65 where a file differs or cannot be read, or where the one that is named \
      cannot be compared.
      """)

  @Argument(help: "The model's name. (default: all that are installed)", completion: ModelCompletion.names)
  var name: String?

  /// What is found of a model.
  private enum Finding {
    case sound(String)
    case unknown(String)
    case differs(String, expected: String)
    case unreadable(any Error)

    /// For people.
    var text: String {
      switch self {
      case .sound(let digest): "sound; SHA-256 \(digest)"
      case .unknown(let digest): "not known, has no record; SHA-256 \(digest)"
      case .differs(let digest, let expected): "differs; SHA-256 \(digest) instead of \(expected)"
      case .unreadable(let error): "cannot be checked; \(Failure(error).line)"
      }
    }
  }

  func run() throws {
    if let name { _ = try InstalledModel(name) }
    let names = name.map { [$0] } ?? InstalledModel.names
    var (failed, unknown): ([String], [String]) = ([], [])
    for name in names {
      let finding = try Self.check(name)
      switch finding {
      case .sound: break
      case .unknown: unknown.append(name)
      case .differs, .unreadable: failed.append(name)
      }
      try Console.write("\(name): \(finding.text)\n")
    }
    if !failed.isEmpty { throw VerificationError(names: failed, problem: "not what was installed") }
    if name != nil && !unknown.isEmpty {
      throw VerificationError(names: unknown, problem: "without a record to compare with")
    }
  }

  /// Looks at one model; only a signal keeps the others from their turn.
  private static func check(_ name: String) throws -> Finding {
    do {
      let model = try InstalledModel(name)
      let expected = try expected(of: model)
      let digest = try FileDigest.sha256(ofFileAt: model.path)
      guard let expected else { return .unknown(digest) }
      return expected.fits(digest) ? .sound(digest) : .differs(digest, expected: expected.text)
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      return .unreadable(error)
    }
  }

  /// What is known of the SHA-256 that the model's file should have.
  private static func expected(of model: InstalledModel) throws -> KnownModel.Checksum? {
    guard let entry = model.entry else { return try InstalledModel.embeddedDigest().map { .whole($0) } }
    if let record = try ModelRecord(of: entry) { return .whole(record.digest) }
    // What is published is a .pth file; a model of another format is not that file.
    return Path.has(model.path, extension: "pth") ? KnownModel[model.name]?.checksum : nil
  }
}

/// Models that cannot be relied on.
struct VerificationError: ProgramError {
  let names: [String]
  let problem: String

  var description: String {
    "\(names.joined(separator: ", ")): \(problem); \"san-cli models remove\" takes a model away, "
      + "and add or download gets it again"
  }
  var category: ErrorCategory { .damaged }
}
