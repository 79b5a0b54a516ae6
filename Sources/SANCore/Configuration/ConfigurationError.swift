/// What is wrong with a model's configuration. Each case names the file and the field.
public enum ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The text is not JSON, or not an object.
  case notJSON(file: String, problem: String)
  /// A field is missing.
  case missingField(file: String, field: String)
  /// A field that no configuration has; perhaps misspelt.
  case unknownField(file: String, field: String)
  /// A field has a value that is not allowed.
  case invalidValue(file: String, field: String, value: String, allowed: String)
  /// The model file does not say what it is, and its shapes are not those of a released model.
  case unknownModel(file: String)
  /// A picture, as the network is given it, is smaller than a patch; `field` is the patch's size.
  case noCell(model: String, field: String, size: Grid)

  /// One plain line: the file, what is wrong, and what to do where that is not plain.
  public var description: String {
    switch self {
    case .notJSON(let file, let problem): "\(file): is not a configuration in JSON: \(problem)"
    case .missingField(let file, let field): "\(file): the field \(quoted(field)) is missing"
    case .unknownField(let file, let field): "\(file): there is no field \(quoted(field)) in a configuration"
    case .invalidValue(let file, let field, let value, let allowed):
      "\(file): \(quoted(field)) is \(value); allowed is \(allowed)"
    case .unknownModel(let file):
      "\(file): is neither SAN ViT-B/16 nor ViT-L/14 and comes without its sizes; "
        + "put the model's config.json beside it, or name it"
    case .noCell(let model, let field, let size):
      "\(model): a picture of \(size.height)×\(size.width) pixels is smaller than a patch (\(quoted(field))); "
        + "pad it to at least \(SANConfiguration.sizeDivisor)×\(SANConfiguration.sizeDivisor)"
    }
  }
}
