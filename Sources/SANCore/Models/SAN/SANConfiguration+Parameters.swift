extension SANConfiguration {
  /// The name and shape of every tensor that a model of this configuration consists of, as its parts ask for them.
  ///
  /// Linear layers are stored `[out, in]`, 1×1 convolutions `[out, in, 1, 1]`, projections `[in, out]`.
  ///
  /// Precondition: the configuration is valid; see ``validate(file:)``.
  public var parameterShapes: [(name: String, shape: [Int])] {
    let list = ParameterList()
    _ = SANModel(self, ParameterScope(list))
    return list.parameters
  }

  /// The number of floats in all of ``parameterShapes``.
  public var parameterCount: Int {
    parameterShapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  /// The parameters that a file of 8-bit integers stores so: the matrices, but for those of ``exactLayers`` and of what this
  /// configuration's ``float32Layers`` has beyond ``sensitiveLayers``.
  public var integerParameters: Set<String> {
    let exact = Self.exactLayers + float32Layers.filter { !Self.sensitiveLayers.contains($0) }
    let list = ParameterList()
    _ = SANModel(self, ParameterScope(list))
    return list.weights.filter { !Self.isOf(exact, $0) }
  }

  /// Checks that each of ``float32Layers`` names a parameter in `list`: a mistyped one would say nothing.
  ///
  /// - Throws: ``ConfigurationError/invalidValue(file:field:value:allowed:)``.
  func checkFloat32Layers(_ list: ParameterList, file: String) throws {
    if float32Layers == Self.sensitiveLayers { return }
    for layer in float32Layers
    where !list.parameters.contains(where: { $0.name == layer || $0.name.hasPrefix("\(layer).") }) {
      throw ConfigurationError.invalidValue(
        file: file, field: "float32_layers", value: quoted(layer),
        allowed: "names of the model's parameters, or their beginnings up to a dot")
    }
  }
}
