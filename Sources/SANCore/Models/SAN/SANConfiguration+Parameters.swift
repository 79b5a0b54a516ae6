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
}
