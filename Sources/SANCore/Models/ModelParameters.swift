import CVectorKernels

/// All parameters of one model, checked against its configuration: every tensor is there and has its shape.
public struct ModelParameters: ParameterSource, Sendable {
  /// The model's sizes.
  public let configuration: SANConfiguration
  /// In what the model's linear layers compute, but for those of ``SANConfiguration/float32Layers``.
  public let precision: Precision
  private let parameters: [String: Parameter]

  /// A parameter as it is kept: linear maps as the file has them, everything else as single-precision numbers.
  enum Parameter: Sendable {
    case tensor(Tensor)
    case weight(Weight, shape: [Int])
  }

  /// Tensors of training that released files hold and inference has no use for.
  public static let ignoredNames: Set<String> = ["criterion.empty_weight", "ov_classifier.attn_mask"]

  /// The parameters in `checkpoint`. Numbers stay in the mapped file where a layer can use them there; others are converted
  /// here, on all processors. Every number is looked at once: a damaged file is told here, not by a strange picture.
  ///
  /// - Throws: ``PrecisionError`` where this machine does not compute so; ``ConfigurationError``; ``ParameterError`` for missing, else unexpected, else mis-shaped
  ///   tensors, else numbers that are not finite; ``CheckpointError`` for a tensor of a type that cannot be
  ///   read.
  public init(
    checkpoint: Checkpoint, configuration: SANConfiguration, precision: Precision = .float32
  ) throws {
    try precision.checkOffered()
    try configuration.validate(file: configuration.name)
    let list = ParameterList()
    _ = SANModel(configuration, ParameterScope(list))
    try Self.compare(checkpoint, with: list.parameters, model: configuration.name)
    try configuration.checkFloat32Layers(list, file: configuration.name)
    let records = try list.parameters.map {
      try checkpoint.readable($0.name, asIntegers: list.weights.contains($0.name))
    }
    let integers = records.filter { $0.type == .int8 }
    let scales = try Dictionary(
      uniqueKeysWithValues: integers.map { ($0.name, try checkpoint.scales(of: $0)) })
    let loading = ParameterLoading(
      records, keepingTypesOf: list.weights, scales: scales, of: checkpoint.file)
    guard loading.damaged.isEmpty else {
      throw ParameterError.notFinite(file: checkpoint.path, loading.damaged)
    }
    if let name = loading.beyondRange.first {
      throw CheckpointError.malformed(
        file: checkpoint.path, part: "tensor \(quoted(name))",
        problem: "it has integers beyond ±\(VK_INT8_WEIGHT)")
    }
    (self.configuration, self.precision) = (configuration, precision)
    parameters = loading.parameters
  }

  /// Parameters that `tensor` makes from name and shape.
  ///
  /// Precondition: `configuration` is valid, and each tensor has the shape asked for. A precision that is not offered is emulated,
  /// slowly.
  public init(
    configuration: SANConfiguration, precision: Precision = .float32,
    tensor: (_ name: String, _ shape: [Int]) throws -> Tensor
  ) rethrows {
    var parameters: [String: Parameter] = [:]
    for (name, shape) in configuration.parameterShapes {
      let tensor = try tensor(name, shape)
      precondition(tensor.shape == shape, "a tensor has the shape asked for")
      parameters[name] = .tensor(tensor)
    }
    (self.configuration, self.precision) = (configuration, precision)
    self.parameters = parameters
  }

  /// The parameter `name` in single precision; converted anew at each call where the file has another type.
  ///
  /// Precondition: it is one of ``SANConfiguration/parameterShapes``.
  public subscript(name: String) -> Tensor {
    switch parameter(name) {
    case .tensor(let tensor): tensor
    case .weight(let weight, let shape): weight.tensor.reshaped(shape)
    }
  }

  /// The parameter `name`, of `shape`, in single precision.
  public func tensor(_ name: String, _ shape: [Int]) -> Tensor {
    let tensor = self[name]
    precondition(tensor.shape == shape, "\(name) has the shape that was taken down")
    return tensor
  }

  /// The matrix `name`, of `shape`, as the file has it, to be computed in the model's precision.
  public func weight(_ name: String, _ shape: [Int]) -> Weight {
    var weight = stored(name, shape)
    if !configuration.isFloat32(name, in: precision) { weight.precision = precision }
    return weight
  }

  private func stored(_ name: String, _ shape: [Int]) -> Weight {
    switch parameter(name) {
    case .tensor(let tensor):
      precondition(tensor.shape == shape, "\(name) has the shape that was taken down")
      return Weight(tensor)
    case .weight(let weight, let stored):
      precondition(stored == shape, "\(name) has the shape that was taken down")
      return weight
    }
  }

  private func parameter(_ name: String) -> Parameter {
    guard let parameter = parameters[name] else { preconditionFailure("the model has no tensor \(name)") }
    return parameter
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
    let scales = shapes.filter { checkpoint.entry($0.name)?.type == .int8 }
      .map { $0.name + Checkpoint.scaleSuffix }
    let names = Set(shapes.map(\.name)).union(ignoredNames).union(scales)
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
