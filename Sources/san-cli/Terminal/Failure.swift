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

/// What an error becomes: a line and an exit status.
struct Failure {
  /// 64 to 78 as `sysexits.h` numbers them.
  let status: Int32
  /// What is wrong and the way out, without control characters.
  let line: String

  /// Of a command line that the parser does not take.
  init(usage line: String) { (status, self.line) = (Failure.status(of: .badArgument), line.printable) }

  init(_ error: any Error) {
    status = Failure.status(of: ErrorCategory(of: error))
    let text =
      switch error {
      case is CancellationError: "stopped"
      case is VocabularyError: "--classes: \(error)"
      case let error as ViewOptionsError: "--\(error.option): \(error)"
      case ConfigurationError.unknownModel(let file):
        "\(file): is neither SAN ViT-B/16 nor ViT-L/14 and comes without its sizes; give its config.json with "
          + "--config FILE"
      default: "\(error)"
      }
    line = text.printable
  }

  private static func status(of category: ErrorCategory) -> Int32 {
    switch category {
    case .badArgument: 64
    case .damaged: 65
    case .notFound: 66
    case .internal: 70
    case .cannotCreate: 73
    case .inputOutput: 74
    case .cancelled: Interruption.status
    }
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

/// An error of this program's own.
protocol ProgramError: CategorizedError, CustomStringConvertible {}

/// An option's value that cannot be used.
struct UsageError: ProgramError {
  let description: String
  var category: ErrorCategory { .badArgument }

  init(_ option: String, _ problem: String) { description = "\(option): \(problem)" }
}

/// An error that comes of what an option was given, and the option's name before it.
struct OptionError: ProgramError {
  let description: String
  let category: ErrorCategory

  /// Runs `body`; what goes wrong in it is told of `option`. A stop and an incomplete installation are no fault of an
  /// option, and a ``UsageError`` names its own.
  static func naming<Value>(_ option: String, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error where error is CancellationError || error is ResourceError || error is UsageError {
      throw error
    } catch {
      throw OptionError(
        description: "\(option): \(Failure(error).line)", category: ErrorCategory(of: error))
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
