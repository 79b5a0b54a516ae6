import SANCore
import SANWeights

/// What kind of thing went wrong: what a program decides by that does not know every error of this package.
///
/// ```swift
/// do {
///   _ = try Segmenter(model: .path("model.safetensors"))
/// } catch {
///   print(ErrorCategory(of: error), error)
/// }
/// ```
///
/// `san-cli` makes its exit status of it, `libsan` the status that a function returns.
public enum ErrorCategory: String, Sendable, Hashable, CaseIterable {
  /// An argument or option is not what can be used. Exit status 64, `SAN_INVALID_ARGUMENT`.
  case badArgument
  /// A file, a model or the package's own data is not there or cannot be opened. Exit status 66, `SAN_CANNOT_READ`.
  case notFound
  /// A picture, a model or a text is damaged, or of a kind that is not read. Exit status 65, `SAN_BAD_DATA`.
  case damaged
  /// An output cannot be made where it is wanted. Exit status 73, `SAN_FAILED`.
  case cannotCreate
  /// Reading or writing failed midway, as on a full disk. Exit status 74, `SAN_CANNOT_READ`.
  case inputOutput
  /// The caller has ended the run. Exit status 130, `SAN_CANCELLED`.
  case cancelled
  /// Anything else: a fault of this package, or an error of another. Exit status 70, `SAN_FAILED`.
  case `internal`

  /// The category of `error`; ``internal`` where it does not tell.
  public init(of error: any Error) {
    switch error {
    case is CancellationError: self = .cancelled
    case let error as any CategorizedError: self = error.category
    default: self = .internal
    }
  }
}

/// An error that knows its category.
public protocol CategorizedError: Error {
  /// What kind of thing went wrong.
  var category: ErrorCategory { get }
}

// The errors of this module.

extension ImageError: CategorizedError {
  /// ``ErrorCategory/notFound`` or ``ErrorCategory/badArgument`` for three of them, else ``ErrorCategory/damaged``.
  public var category: ErrorCategory {
    switch self {
    case .unreadable, .missingLibrary: .notFound
    case .wrongPixelCount: .badArgument
    default: .damaged
    }
  }
}

extension SegmenterError: CategorizedError {
  /// ``ErrorCategory/badArgument``.
  public var category: ErrorCategory { .badArgument }
}

extension VocabularyError: CategorizedError {
  /// ``ErrorCategory/badArgument``.
  public var category: ErrorCategory { .badArgument }
}

extension UnknownVocabularyError: CategorizedError {
  /// ``ErrorCategory/badArgument``.
  public var category: ErrorCategory { .badArgument }
}

extension ClassSyntaxError: CategorizedError {
  /// ``ErrorCategory/badArgument``.
  public var category: ErrorCategory { .badArgument }
}

extension ViewOptionsError: CategorizedError {
  /// ``ErrorCategory/badArgument``.
  public var category: ErrorCategory { .badArgument }
}

extension ModelStoreError: CategorizedError {
  /// ``ErrorCategory/notFound``.
  public var category: ErrorCategory { .notFound }
}

// Those of the modules below, which know nothing of categories.

extension FileError: CategorizedError {
  /// ``ErrorCategory/notFound``, ``ErrorCategory/damaged`` or ``ErrorCategory/inputOutput``.
  public var category: ErrorCategory {
    switch self {
    case .cannotOpen, .notAFile: .notFound
    case .tooLarge: .damaged
    case .cannotRead: .inputOutput
    }
  }
}

extension OutputFileError: CategorizedError {
  /// ``ErrorCategory/cannotCreate`` or ``ErrorCategory/inputOutput``.
  public var category: ErrorCategory {
    switch self {
    case .folderMissing, .notPermitted, .readOnly, .isFolder, .notSeekable: .cannotCreate
    case .diskFull, .failed: .inputOutput
    }
  }
}

extension ResourceError: CategorizedError {
  /// ``ErrorCategory/notFound``.
  public var category: ErrorCategory { .notFound }
}

extension PrecisionError: CategorizedError {
  /// ``ErrorCategory/badArgument``.
  public var category: ErrorCategory { .badArgument }
}

extension CheckpointError: CategorizedError {
  /// ``ErrorCategory/damaged``.
  public var category: ErrorCategory { .damaged }
}

extension ConfigurationError: CategorizedError {
  /// ``ErrorCategory/damaged``.
  public var category: ErrorCategory { .damaged }
}

extension ParameterError: CategorizedError {
  /// ``ErrorCategory/damaged``.
  public var category: ErrorCategory { .damaged }
}

extension TokenizerError: CategorizedError {
  /// ``ErrorCategory/damaged``.
  public var category: ErrorCategory { .damaged }
}

extension PromptTemplatesError: CategorizedError {
  /// ``ErrorCategory/badArgument``.
  public var category: ErrorCategory { .badArgument }
}
