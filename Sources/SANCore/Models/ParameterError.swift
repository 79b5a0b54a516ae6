/// How the tensors of a model file differ from those its configuration asks for.
public enum ParameterError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A tensor's name and extents, both as the file's program has them.
  public struct Item: Hashable, Sendable, CustomStringConvertible {
    /// The tensor's name.
    public let name: String
    /// The extents asked for; for an unexpected tensor, those in the file.
    public let shape: [Int]

    /// The name and the extents.
    public var description: String { "\(quoted(name)) \(shape)" }
  }

  /// A tensor whose extents are not as asked for.
  public struct Mismatch: Hashable, Sendable, CustomStringConvertible {
    /// The tensor's name.
    public let name: String
    /// The extents asked for.
    public let expected: [Int]
    /// The extents in the file.
    public let found: [Int]

    /// The name and the extents.
    public var description: String { "\(quoted(name)) is \(found) instead of \(expected)" }
  }

  /// Tensors that the configuration asks for are not in the file.
  case missing(file: String, model: String, [Item])
  /// Tensors in the file are not the configuration's.
  case unexpected(file: String, model: String, [Item])
  /// Tensors have other extents than the configuration's.
  case misshapen(file: String, model: String, [Mismatch])
  /// Tensors hold an infinity or a NaN.
  case notFinite(file: String, [String])
  /// Every number is finite, but not what the network makes of them.
  case overflow(file: String)

  /// One plain line: the file, what is wrong, and what to do where that is not plain.
  public var description: String {
    switch self {
    case .missing(let file, let model, let items):
      "\(file): as \(quoted(model)), \(count(items)) missing: \(listed(items.map(\.description)))\(advice)"
    case .unexpected(let file, let model, let items):
      "\(file): as \(quoted(model)), \(count(items)) unexpected: \(listed(items.map(\.description)))\(advice)"
    case .misshapen(let file, let model, let items):
      "\(file): as \(quoted(model)), \(count(items)) of another shape: "
        + "\(listed(items.map(\.description)))\(advice)"
    case .notFinite(let file, let names):
      "\(file): \(count(names)) damaged, with infinities or NaN among the numbers: "
        + "\(listed(names.map { quoted($0) })); get the file again"
    case .overflow(let file):
      "\(file): the network's output is not finite: the weights are damaged, or far too large; get the file again"
    }
  }

  private var advice: String { "; the configuration must be this model's" }

  private func count(_ items: [some Any]) -> String {
    items.count == 1 ? "1 tensor is" : "\(items.count) tensors are"
  }
}
