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
  public func callAsFunction(_ x: Matrix, into y: Matrix, pool: ThreadPool) {
    callAsFunction(x, into: y, pool: pool, kernels: .current)
  }

  /// As ``callAsFunction(_:into:pool:)``, by one set of kernels.
  package func callAsFunction(_ x: Matrix, into y: Matrix, pool: ThreadPool, kernels: KernelSet) {
    precondition(x.columns == weight.count && x.columns == y.columns && x.rows == y.rows, "sizes agree")
    pool.runRanges(x.rows, grain: 64) { range, _ in
      for index in range {
        if let table = kernels.table {
          table.pointee.normalize(
            x.row(index), y.row(index), x.columns, weight.pointer, bias.pointer, epsilon)
        } else {
          row(x.row(index), y.row(index))
        }
      }
    }
  }

  private func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    let count = weight.count
    let (weight, bias) = (weight.pointer, bias.pointer)
    let mean = VectorMath.sum(x, count) / Float(count)
    let variance = VectorMath.sumOfSquares(x, count, around: mean) / Float(count)
    let scale = 1 / (variance + epsilon).squareRoot()
    for channel in 0..<count { y[channel] = (x[channel] - mean) * scale * weight[channel] + bias[channel] }
  }
}
