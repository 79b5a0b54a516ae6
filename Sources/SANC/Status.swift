import CSAN
import SANInference

/// An argument that a function does not take.
struct ArgumentError: CategorizedError, CustomStringConvertible {
  let description: String
  var category: ErrorCategory { .badArgument }

  init(_ description: String) { self.description = description }
}

/// Runs the body of a function that returns a status; what it throws becomes the status, and the thread's error.
func status(_ body: () throws -> Void) -> CInt {
  do {
    try body()
    LastError.set(nil)
    return CInt(SAN_OK)
  } catch {
    LastError.set("\(error)")
    return code(of: error)
  }
}

private func code(of error: any Error) -> CInt {
  let code =
    switch ErrorCategory(of: error) {
    case .badArgument: SAN_INVALID_ARGUMENT
    case .notFound, .inputOutput: SAN_CANNOT_READ
    case .damaged: SAN_BAD_DATA
    case .cancelled: SAN_CANCELLED
    case .cannotCreate, .internal: SAN_FAILED
    }
  return CInt(code)
}

/// The value that a pointer argument must not be without.
func needed<Value>(_ value: Value?, _ name: String) throws(ArgumentError) -> Value {
  guard let value else { throw ArgumentError("\(name) is null") }
  return value
}

/// The text of a C string.
func text(_ string: UnsafePointer<CChar>?, _ name: String) throws(ArgumentError) -> String {
  guard let text = String(validatingCString: try needed(string, name)) else {
    throw ArgumentError("\(name) is not UTF-8")
  }
  return text
}
