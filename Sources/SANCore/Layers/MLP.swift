/// Linear layers with ReLU between them: the mask decoder's heads.
public struct MLP: Sendable {
  /// The layers, first to last.
  public let layers: [Linear]
  /// The last layer's weight, `[outputs, hidden]`, for who folds it into something else.
  public let lastWeight: Weight

  /// Layers `layers.0` … of `parameters`: from `inputs` channels by way of `hidden` to `outputs`, each a convolution of
  /// `kernel` where that is not empty.
  public init(
    _ parameters: ParameterScope, inputs: Int, hidden: Int, outputs: Int, layers count: Int,
    kernel: [Int] = []
  ) {
    precondition(count >= 2, "a layer and its last one")
    var layers = (0..<count - 1).map {
      Linear(parameters.scope("layers.\($0)"), $0 == 0 ? inputs : hidden, hidden, kernel: kernel)
    }
    let last = parameters.scope("layers.\(count - 1)")
    lastWeight = last.weight("weight", [outputs, hidden] + kernel)
    layers.append(Linear(lastWeight, bias: last.tensor("bias", [outputs])))
    self.layers = layers
  }

  /// The last layer, which has no activation.
  public var last: Linear { layers[layers.count - 1] }

  /// The output of all layers but the last, ReLU applied, taken from the workspace's present scope.
  ///
  /// `x` is `[rows, inputs]`, what goes into the layer `first`; the result is `[rows, hidden]`.
  func hidden(_ x: Matrix, from first: Int = 0, workspace: Workspace) -> Matrix {
    var current = x
    for layer in layers[first..<layers.count - 1] {
      let next = workspace.matrix(x.rows, layer.outputs)
      layer(current, into: next, activation: .relu, pool: workspace.pool)
      current = next
    }
    return current
  }

  /// Writes the output of all layers for the rows of `x` to `y`.
  public func callAsFunction(_ x: Matrix, into y: Matrix, workspace: Workspace) {
    workspace.scope {
      last(hidden(x, workspace: workspace), into: y, pool: workspace.pool)
    }
  }

  /// Multiply-adds for `rows` rows.
  func cost(rows: Double) -> Double { layers.reduce(0) { $0 + $1.cost(rows: rows) } }
}
