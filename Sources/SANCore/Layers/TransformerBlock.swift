/// A pre-norm transformer block: x += proj(attention(norm x)), then x += fc2(activation(fc1(norm x))).
///
/// CLIP's image and text towers and the side ViT differ in names, in ε and in the activation.
public struct TransformerBlock: Sendable {
  /// Channels of a token.
  public let width: Int
  /// Attention heads.
  public let heads: Int
  /// Before attention.
  public let norm1: LayerNorm
  /// To the queries: `[width, width]`.
  public let query: Linear
  /// To keys and values, stacked: `[2·width, width]`. Apart from ``query``: every token is a key, not every one asks.
  public let keyValue: Linear
  /// After attention.
  public let projection: Linear
  /// Before the MLP.
  public let norm2: LayerNorm
  /// The MLP's first layer.
  public let fc1: Linear
  /// The MLP's second layer.
  public let fc2: Linear
  /// The MLP's activation.
  public let activation: Activation
  /// In what tokens attend to each other: see ``Precision``.
  public let attentionPrecision: Precision

  /// Replaces the tokens `x`, `[L, width]`, by the block's output, every token attending to every other.
  public func callAsFunction(_ x: Matrix, workspace: Workspace) {
    let pool = workspace.pool
    workspace.scope {
      let normed = workspace.paddedMatrix(x.rows, width)
      let projected = workspace.paddedMatrix(x.rows, 3 * width)
      let gathered = workspace.paddedMatrix(x.rows, width)
      norm1(x, into: normed, pool: pool)
      query(normed, into: projected.columns(0..<width), pool: pool)  // [L, width]
      keyValue(normed, into: projected.columns(width..<3 * width), pool: pool)  // [L, 2·width]
      Attention.attend(
        query: projected.columns(0..<width), key: projected.columns(width..<2 * width),
        value: projected.columns(2 * width..<3 * width), heads: heads, into: gathered, workspace: workspace,
        precision: attentionPrecision)
      projection(gathered, into: x, accumulate: true, pool: pool)  // [L, width]
    }
    feedForward(x, workspace: workspace)
  }

  /// The block's second half: x += fc2(activation(fc1(norm x))).
  func feedForward(_ x: Matrix, workspace: Workspace) {
    let pool = workspace.pool
    workspace.scope {
      let normed = workspace.paddedMatrix(x.rows, width)
      let hidden = workspace.paddedMatrix(x.rows, fc1.outputs)
      norm2(x, into: normed, pool: pool)
      fc1(normed, into: hidden, activation: activation, pool: pool)  // [L, 4·width]
      fc2(hidden, into: x, accumulate: true, pool: pool)  // [L, width]
    }
  }

  /// Multiply-adds for `tokens` tokens that all attend to each other: linear layers, attention's weights and its sums.
  func cost(tokens: Double) -> Double {
    [query, keyValue, projection, fc1, fc2].reduce(2 * tokens * tokens * Double(width)) {
      $0 + $1.cost(rows: tokens)
    }
  }
}

extension TransformerBlock {
  /// A block of CLIP's towers, by the names of its checkpoint.
  public static func clip(_ parameters: ParameterScope, width: Int, heads: Int) -> TransformerBlock {
    let (attention, mlp) = (parameters.scope("attn"), parameters.scope("mlp"))
    return TransformerBlock(
      heads: heads,
      norm1: LayerNorm(parameters.scope("ln_1"), width: width, epsilon: 1e-5),
      weight: attention.weight("in_proj_weight", [3 * width, width]),
      bias: attention.tensor("in_proj_bias", [3 * width]),
      projection: Linear(attention.scope("out_proj"), width, width),
      norm2: LayerNorm(parameters.scope("ln_2"), width: width, epsilon: 1e-5),
      fc1: Linear(mlp.scope("c_fc"), width, 4 * width),
      fc2: Linear(mlp.scope("c_proj"), 4 * width, width),
      activation: .quickGELU)
  }

  /// A block of the side ViT, by the names of its checkpoint.
  public static func side(_ parameters: ParameterScope, width: Int, heads: Int) -> TransformerBlock {
    let (attention, mlp) = (parameters.scope("attn"), parameters.scope("mlp"))
    return TransformerBlock(
      heads: heads,
      norm1: LayerNorm(parameters.scope("norm1"), width: width, epsilon: 1e-6),
      weight: attention.weight("qkv.weight", [3 * width, width]),
      bias: attention.tensor("qkv.bias", [3 * width]),
      projection: Linear(attention.scope("proj"), width, width),
      norm2: LayerNorm(parameters.scope("norm2"), width: width, epsilon: 1e-6),
      fc1: Linear(mlp.scope("fc1"), width, 4 * width),
      fc2: Linear(mlp.scope("fc2"), 4 * width, width),
      activation: .gelu)
  }

  /// `weight` and `bias` are those of query, key and value stacked, `[3·width, width]`, as checkpoints have them.
  private init(
    heads: Int, norm1: LayerNorm, weight: Weight, bias: Tensor, projection: Linear, norm2: LayerNorm,
    fc1: Linear, fc2: Linear, activation: Activation
  ) {
    width = weight.inputs
    self.heads = heads
    self.norm1 = norm1
    query = Linear(weight.rows(0..<width), bias: bias.rows(0..<width))
    keyValue = Linear(weight.rows(width..<3 * width), bias: bias.rows(width..<3 * width))
    self.projection = projection
    self.norm2 = norm2
    self.fc1 = fc1
    self.fc2 = fc2
    self.activation = activation
    attentionPrecision = weight.precision.ofAttention
  }
}
