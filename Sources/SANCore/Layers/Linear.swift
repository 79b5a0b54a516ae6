/// A learned affine map of tokens: y = x·Wᵀ + b, with W of `[outputs, inputs]`.
///
/// Also every 1×1 convolution (its pixels are rows here) and the patch embedding (its patches are rows).
public struct Linear: Sendable {
  /// Channels of a row that goes in.
  public let inputs: Int
  /// Channels of a row that comes out.
  public let outputs: Int
  /// `[outputs]`, or nil for none.
  public let bias: Tensor?
  private let weight: any PackedWeight

  /// A layer of `weight`, whose outputs `bias` has one number for each of, computed in the weight's precision.
  public init(_ weight: Weight, bias: Tensor? = nil, kernels: KernelSet = .current) {
    (outputs, inputs) = (weight.outputs, weight.inputs)
    precondition(bias == nil || bias!.count == outputs, "one bias an output")
    self.weight =
      switch weight.precision {
      // What is stored transposed has no scales by output.
      case .int8 where !weight.isTransposed: IntegerWeight(weight, kernels: kernels)
      case .bfloat16: Bfloat16Weight(weight, kernels: kernels)
      case .float32, .int8: PanelWeight(weight, kernels: kernels)
      }
    self.bias = bias
  }

  /// A layer from `inputs` to `outputs` channels: `weight`, `[outputs, inputs] + kernel`, and `bias` of `parameters`.
  public init(_ parameters: ParameterScope, _ inputs: Int, _ outputs: Int, kernel: [Int] = []) {
    self.init(
      parameters.weight("weight", [outputs, inputs] + kernel), bias: parameters.tensor("bias", [outputs]))
  }

  /// Multiply-adds for `rows` rows.
  func cost(rows: Double) -> Double { rows * Double(inputs) * Double(outputs) }

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
