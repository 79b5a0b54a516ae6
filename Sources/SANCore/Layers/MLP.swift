/// Linear layers with ReLU between them: the mask decoder's heads.
public struct MLP: Sendable {
  /// The layers, first to last.
  public let layers: [Linear]

  /// The last layer's weight, `[outputs, hidden]`, for who folds it into something else.
  public let lastWeight: Tensor

  /// The layers `name.layers.0` … of a model.
  public init(_ parameters: ModelParameters, _ name: String, layers count: Int) {
    let last = parameters["\(name).layers.\(count - 1).weight"]
    lastWeight = last.reshaped([last.shape[0], last.count / last.shape[0]])
    layers = (0..<count).map { Linear(parameters, "\(name).layers.\($0)") }
  }

  /// The last layer, which has no activation.
  public var last: Linear { layers[layers.count - 1] }

  /// The output of all layers but the last, ReLU applied, taken from the workspace's present scope.
  ///
  /// `x` is `[rows, inputs]`; the result is `[rows, hidden]`.
  func hidden(_ x: Matrix, workspace: Workspace) -> Matrix {
    var current = x
    for layer in layers.dropLast() {
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
}
