/// Layer normalisation of each row: (x − mean) / √(variance + ε) · weight + bias.
public struct LayerNorm: Sendable {
  /// `[channels]`
  public let weight: Tensor
  /// `[channels]`
  public let bias: Tensor
  /// Added to the variance: 1e-5 in CLIP, 1e-6 in the side network.
  public let epsilon: Float

  /// A norm over `width` channels: `weight` and `bias` of `parameters`.
  public init(_ parameters: ParameterScope, width: Int, epsilon: Float) {
    self.init(
      weight: parameters.tensor("weight", [width]), bias: parameters.tensor("bias", [width]), epsilon: epsilon
    )
  }

  /// A norm of given parameters, one of each a channel.
  public init(weight: Tensor, bias: Tensor, epsilon: Float) {
    precondition(weight.count == bias.count, "one weight and one bias a channel")
    (self.weight, self.bias, self.epsilon) = (weight, bias, epsilon)
  }

  /// Writes the normalised rows of `x` to `y`; the two may be the same matrix.
  public func callAsFunction(
    _ x: some ReadableMatrix, into y: Matrix, pool: ThreadPool, kernels: KernelSet = .current
  ) {
    let x = x.readOnly
    precondition(x.columns == weight.count && x.columns == y.columns && x.rows == y.rows, "sizes agree")
    pool.runRanges(x.rows, grain: 64) { [self] range, _ in
      for index in range {
        kernels.table.pointee.normalize(
          x.row(index), y.row(index), x.columns, weight.pointer, bias.pointer, epsilon)
      }
    }
  }
}
