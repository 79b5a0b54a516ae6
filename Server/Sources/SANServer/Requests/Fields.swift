import Foundation

/// A question's parameters by name, from the query, a form, or both.
struct Fields: Sendable {
  private var values: [String: [String]] = [:]
  private let allowed: [String]

  /// No parameters yet, of which those named in `allowed` may come.
  init(allowed: [String]) { self.allowed = allowed }

  /// Takes a parameter.
  ///
  /// - Throws: ``ServerError`` for a name that is not allowed: a slip of the pen would otherwise change nothing, unseen.
  mutating func add(_ name: String, _ value: String) throws {
    guard allowed.contains(name) else {
      throw ServerError.badArgument(
        "there is no parameter \"\(name.prefix(60))\"; there are \(allowed.joined(separator: ", "))")
    }
    values[name, default: []].append(value)
  }

  /// Takes the parameters of a query, or of a form's body that is written as one.
  mutating func add(query: some StringProtocol) throws {
    for pair in query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let decoded = parts.map { $0.replacingOccurrences(of: "+", with: " ").removingPercentEncoding }
      guard let name = decoded[0], let value = decoded.count > 1 ? decoded[1] : "" else {
        throw ServerError.badArgument(
          "the query cannot be read: after each % there must be two hexadecimal digits, and all must be UTF-8"
        )
      }
      try add(name, value)
    }
  }

  /// All values of a parameter, in their order.
  func all(_ name: String) -> [String] {
    precondition(allowed.contains(name), "a parameter that may be given")
    return values[name] ?? []
  }

  /// The value of a parameter that is given once at most.
  func one(_ name: String) throws -> String? {
    let values = all(name)
    guard values.count <= 1 else {
      throw ServerError.badArgument("\(name): is given \(values.count) times; give it once")
    }
    return values.first
  }
}
