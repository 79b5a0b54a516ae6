import ArgumentParser
import SANCore
import SANExport
import SANInference
import SANWeights

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The one place where an error becomes a line and an exit status.
struct Failure {
  /// Exit statuses, as `sysexits.h` numbers them.
  enum Status {
    static let usage: Int32 = 64
    static let data: Int32 = 65
    static let noInput: Int32 = 66
    static let software: Int32 = 70
    static let cannotCreate: Int32 = 73
    static let inputOutput: Int32 = 74
    static let configuration: Int32 = 78
  }

  let status: Int32
  /// What is wrong and the way out, without control characters.
  let line: String

  init(_ error: any Error) {
    let text: String
    switch error {
    case is CancellationError:
      (status, text) = (Interruption.status, "stopped")
    case let error as VocabularyError:
      (status, text) = (Status.usage, "--classes: \(error)")
    case let error as ViewOptionsError:
      (status, text) = (Status.usage, "--\(error.option): \(error)")
    case ConfigurationError.unknownModel(let file):
      (status, text) = (
        Status.data,
        "\(file): is neither SAN ViT-B/16 nor ViT-L/14 and comes without its sizes; give its config.json with "
          + "--config FILE"
      )
    case let error as any StatusError:
      (status, text) = (error.status, "\(error)")
    case is CheckpointError, is ConfigurationError, is ParameterError, is TokenizerError, is FontError:
      (status, text) = (Status.data, "\(error)")
    case let error as ResourceError:
      (status, text) = (Status.noInput, "\(error)")
    case _ where SanCLI.exitCode(for: error) == .validationFailure:
      (status, text) = (Status.usage, Failure.usageText(Failure.line(SanCLI.message(for: error))))
    default:
      (status, text) = (Status.software, "\(error)")
    }
    line = text.printable
  }

  /// What the parser says of the command line, and the way out.
  private static func usageText(_ message: String) -> String {
    let arguments = CommandLine.arguments.dropFirst()
    let command = CalledCommand(arguments)
    let help = "(see \(command.words.joined(separator: " ")) --help)"
    if let unknown = command.unknown {
      return "\(unknown): is no command; those are \(command.choices.joined(separator: ", ")) \(help)"
    }
    // A file whose name starts as an option does.
    let files = arguments.filter { $0.hasPrefix("-") && $0 != "-" && FileStatus($0) != nil }
    if let file = files.first(where: { message.contains("'\($0)'") }) {
      return "\(message); the file of this name is ./\(file) \(help)"
    }
    return "\(message) \(help)"
  }

  /// The parser's message, some of which have several lines.
  private static func line(_ message: String) -> String {
    message.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.joined(separator: " ")
  }

  static func exit(_ status: Int32) -> Never {
    #if canImport(Glibc)
      Glibc.exit(status)
    #elseif canImport(Musl)
      Musl.exit(status)
    #else
      Darwin.exit(status)
    #endif
  }
}

/// An error that knows its exit status.
protocol StatusError: Error, CustomStringConvertible {
  var status: Int32 { get }
}

/// An option's value that cannot be used.
struct UsageError: StatusError {
  let description: String
  var status: Int32 { Failure.Status.usage }

  init(_ option: String, _ problem: String) { description = "\(option): \(problem)" }
}

extension ImageError: StatusError {
  var status: Int32 {
    switch self {
    case .unreadable: Failure.Status.noInput
    default: Failure.Status.data
    }
  }
}

extension FileError: StatusError {
  var status: Int32 {
    switch self {
    case .cannotOpen, .notAFile: Failure.Status.noInput
    case .tooLarge: Failure.Status.data
    case .cannotRead: Failure.Status.inputOutput
    }
  }
}

extension OutputFileError: StatusError {
  var status: Int32 {
    switch self {
    case .folderMissing, .notPermitted, .readOnly, .isFolder, .notSeekable: Failure.Status.cannotCreate
    case .diskFull, .failed: Failure.Status.inputOutput
    }
  }
}

extension String {
  /// The text on one line, whatever names are in it: control characters as escapes.
  var printable: String {
    guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return self }
    return unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
    }.joined()
  }
}
