/// All weights of one model, checked against its configuration: every tensor is there and has its shape.
public struct ModelParameters: Sendable {
  /// The model's sizes.
  public let configuration: SANConfiguration
  private let tensors: [String: Tensor]

  /// Tensors of training that released files hold and inference has no use for.
  public static let ignoredNames: Set<String> = ["criterion.empty_weight", "ov_classifier.attn_mask"]

  /// The weights in `checkpoint`. Single-precision tensors stay in the mapped file; others are converted
  /// here, on all processors. Every number is looked at once: a damaged file is told here, not by a strange
  /// picture.
  ///
  /// - Throws: ``ConfigurationError``; ``ParameterError`` for missing, else unexpected, else mis-shaped
  ///   tensors, else numbers that are not finite; ``CheckpointError`` for a tensor of a type that cannot be
  ///   read.
  public init(checkpoint: Checkpoint, configuration: SANConfiguration) throws {
    try configuration.validate(file: configuration.name)
    let shapes = configuration.parameterShapes
    try Self.compare(checkpoint, with: shapes, model: configuration.name)
    let records = try shapes.map { try checkpoint.readable($0.name) }
    let loading = ParameterLoading(records, of: checkpoint.file)
    guard loading.damaged.isEmpty else {
      throw ParameterError.notFinite(file: checkpoint.path, loading.damaged)
    }
    self.configuration = configuration
    tensors = loading.tensors
  }

  /// Weights that `tensor` makes from name and shape.
  ///
  /// Precondition: `configuration` is valid, and each tensor has the shape asked for.
  public init(
    configuration: SANConfiguration, tensor: (_ name: String, _ shape: [Int]) throws -> Tensor
  ) rethrows {
    var tensors: [String: Tensor] = [:]
    for (name, shape) in configuration.parameterShapes {
      let tensor = try tensor(name, shape)
      precondition(tensor.shape == shape, "a tensor has the shape asked for")
      tensors[name] = tensor
    }
    self.configuration = configuration
    self.tensors = tensors
  }

  /// The tensor `name`. Precondition: it is one of ``SANConfiguration/parameterShapes``.
  public subscript(name: String) -> Tensor {
    guard let tensor = tensors[name] else { preconditionFailure("the model has no tensor \(name)") }
    return tensor
  }

  private static func compare(
    _ checkpoint: Checkpoint, with shapes: [(name: String, shape: [Int])], model: String
  ) throws {
    let file = checkpoint.path
    let missing = shapes.filter { checkpoint.entry($0.name) == nil }
    guard missing.isEmpty else {
      throw ParameterError.missing(
        file: file, model: model,
        missing.map {
          let stored = checkpoint.naming?.stored($0.name, $0.shape) ?? $0
          return ParameterError.Item(name: stored.name, shape: stored.shape)
        })
    }
    let names = Set(shapes.map(\.name)).union(ignoredNames)
    let unexpected = checkpoint.entries.filter { !names.contains($0.name) }
    guard unexpected.isEmpty else {
      throw ParameterError.unexpected(
        file: file, model: model, unexpected.map { ParameterError.Item(name: $0.storedName, shape: $0.shape) }
      )
    }
    let misshapen = shapes.compactMap { name, shape -> ParameterError.Mismatch? in
      guard let record = checkpoint.record(name), record.shape != shape else { return nil }
      let expected = checkpoint.naming?.stored(name, shape).shape ?? shape
      return ParameterError.Mismatch(name: record.storedName, expected: expected, found: record.storedShape)
    }
    guard misshapen.isEmpty else {
      throw ParameterError.misshapen(file: file, model: model, misshapen)
    }
  }
}
