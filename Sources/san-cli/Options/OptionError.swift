import SANWeights

/// An error that comes of what an option was given, and the option's name before it.
struct OptionError: StatusError {
  let option: String
  private let failure: Failure

  var description: String { "\(option): \(failure.line)" }
  var status: Int32 { failure.status }

  /// Runs `body`; what goes wrong in it is told of `option`. A stop and an incomplete installation are no fault of an
  /// option, and a ``UsageError`` names its own.
  static func naming<Value>(_ option: String, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error where error is CancellationError || error is ResourceError || error is UsageError {
      throw error
    } catch {
      throw OptionError(option: option, failure: Failure(error))
    }
  }
}
