/// A learned affine map of tokens: y = x·Wᵀ + b, with W stored `[outputs, inputs]`.
///
/// Also every 1×1 convolution (its pixels are rows here) and the patch embedding (its patches are rows).
public struct Linear: Sendable {
  /// Channels of a row that goes in.
  public let inputs: Int
  /// Channels of a row that comes out.
  public let outputs: Int
  /// `[outputs]`, or nil for none.
  public let bias: Tensor?
  private let weight: PanelWeight

  /// A layer with `weight` of shape `[outputs, inputs]` or `[outputs, inputs…]`, whose trailing extents are flattened.
  public init(weight: Tensor, bias: Tensor?, kernels: KernelSet = .current) {
    precondition(weight.shape.count >= 2, "a weight has outputs and inputs")
    outputs = weight.shape[0]
    inputs = weight.count / max(outputs, 1)
    precondition(bias == nil || bias!.count == outputs, "one bias an output")
    self.weight = PanelWeight(weight.reshaped([outputs, inputs]), kernels: kernels)
    self.bias = bias
  }

  /// The layer `name` of a model: `name.weight` and `name.bias`.
  public init(_ parameters: ModelParameters, _ name: String) {
    self.init(weight: parameters["\(name).weight"], bias: parameters["\(name).bias"])
  }

  /// Writes `activation(x·Wᵀ + b)` to `y`, or adds it where `accumulate` is set (a residual connection).
  ///
  /// `x` is `[rows, inputs]`, `y` is `[rows, outputs]`; they must not overlap.
  public func callAsFunction(
    _ x: some ReadableMatrix, into y: Matrix, activation: Activation = .identity, accumulate: Bool = false,
    pool: ThreadPool
  ) {
    let x = x.readOnly
    precondition(
      x.columns == inputs && y.columns == outputs && x.rows == y.rows, "sizes agree with the weight")
    precondition(!accumulate || activation == .identity, "a residual is added to the bare product")
    weight.multiply(x, into: y, bias: bias, activation: activation, accumulate: accumulate, pool: pool)
  }
}
