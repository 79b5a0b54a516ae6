/// A pre-norm transformer block: x += proj(attention(norm x)), then x += fc2(activation(fc1(norm x))).
///
/// CLIP's image and text towers and the side ViT differ in names, in ε and in the activation; how tokens attend to each
/// other is the caller's.
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

  /// A block of CLIP's towers, by the names of its checkpoint.
  public static func clip(_ parameters: ModelParameters, _ name: String, heads: Int) -> TransformerBlock {
    TransformerBlock(
      heads: heads,
      norm1: LayerNorm(parameters, "\(name).ln_1", epsilon: 1e-5),
      weight: parameters["\(name).attn.in_proj_weight"], bias: parameters["\(name).attn.in_proj_bias"],
      projection: Linear(parameters, "\(name).attn.out_proj"),
      norm2: LayerNorm(parameters, "\(name).ln_2", epsilon: 1e-5),
      fc1: Linear(parameters, "\(name).mlp.c_fc"),
      fc2: Linear(parameters, "\(name).mlp.c_proj"),
      activation: .quickGELU)
  }

  /// A block of the side ViT, by the names of its checkpoint.
  public static func side(_ parameters: ModelParameters, _ name: String, heads: Int) -> TransformerBlock {
    TransformerBlock(
      heads: heads,
      norm1: LayerNorm(parameters, "\(name).norm1", epsilon: 1e-6),
      weight: parameters["\(name).attn.qkv.weight"], bias: parameters["\(name).attn.qkv.bias"],
      projection: Linear(parameters, "\(name).attn.proj"),
      norm2: LayerNorm(parameters, "\(name).norm2", epsilon: 1e-6),
      fc1: Linear(parameters, "\(name).mlp.fc1"),
      fc2: Linear(parameters, "\(name).mlp.fc2"),
      activation: .gelu)
  }

  /// `weight` is that of query, key and value stacked, `[3·width, width]`, as checkpoints have it.
  private init(
    heads: Int, norm1: LayerNorm, weight: Tensor, bias: Tensor, projection: Linear, norm2: LayerNorm,
    fc1: Linear, fc2: Linear, activation: Activation
  ) {
    width = weight.shape[1]
    self.heads = heads
    self.norm1 = norm1
    query = Linear(weight: weight.rows(0..<width), bias: bias.rows(0..<width))
    keyValue = Linear(weight: weight.rows(width..<3 * width), bias: bias.rows(width..<3 * width))
    self.projection = projection
    self.norm2 = norm2
    self.fc1 = fc1
    self.fc2 = fc2
    self.activation = activation
  }

  /// Replaces the tokens `x`, `[L, width]`, by the block's output, every token attending to every other.
  public func callAsFunction(_ x: Matrix, workspace: Workspace) {
    callAsFunction(x, workspace: workspace) { query, key, value, out in
      Attention.attend(
        query: query, key: key, value: value, heads: heads, into: out, workspace: workspace)
    }
  }

  /// Replaces the tokens `x`, `[L, width]`, by the block's output. `attend` is given query, key and value, each
  /// `[L, width]`, and writes what each token gathers, `[L, width]`.
  ///
  /// Where only the first `read` tokens are read after this block, the others serve as keys and values and stay as they
  /// are: of `query` and `out` the rows beyond are not made. Where the first `alike` tokens are as the one after them,
  /// what they ask and answer is computed once.
  public func callAsFunction(
    _ x: Matrix, read: Int? = nil, alike: Int = 0, workspace: Workspace,
    attend: (_ query: Matrix, _ key: Matrix, _ value: Matrix, _ out: Matrix) -> Void
  ) {
    workspace.scope {
      let projected = workspace.paddedMatrix(x.rows, 3 * width)
      project(x, asking: read ?? x.rows, alike: alike, into: projected, workspace: workspace)
      selfAttention(x, projected: projected, read: read, workspace: workspace, attend: attend)
    }
    feedForward(x.rows(0..<(read ?? x.rows)), workspace: workspace)
  }

  /// The block's first half, x += proj(attention(…)), from queries, keys and values made before, `[any, 3·width]`:
  /// `attend` is given these as they are and knows which rows are whose.
  func selfAttention(
    _ x: Matrix, projected: Matrix, read: Int? = nil, workspace: Workspace,
    attend: (_ query: Matrix, _ key: Matrix, _ value: Matrix, _ out: Matrix) -> Void
  ) {
    let output = x.rows(0..<(read ?? x.rows))
    workspace.scope {
      let gathered = workspace.paddedMatrix(x.rows, width)
      attend(
        projected.columns(0..<width), projected.columns(width..<2 * width),
        projected.columns(2 * width..<3 * width), gathered)
      projection(gathered.rows(0..<output.rows), into: output, accumulate: true, pool: workspace.pool)
    }
  }

  /// Query, key and value of the tokens `x`, `[L, width]`, side by side: `[L, 3·width]`. Queries are made of the first
  /// `asking` tokens; the first `alike` tokens are as the one after them.
  func project(
    _ x: Matrix, asking: Int, alike: Int = 0, into projected: Matrix, workspace: Workspace
  ) {
    let pool = workspace.pool
    precondition(alike < max(x.rows, 1), "a token follows those that are as it is")
    workspace.scope {
      let normed = workspace.paddedMatrix(x.rows, width)
      let distinct = alike..<x.rows
      let asking = alike..<max(asking, alike + 1)
      norm1(x.rows(distinct), into: normed.rows(distinct), pool: pool)
      let (queries, keysAndValues) = (projected.columns(0..<width), projected.columns(width..<3 * width))
      query(normed.rows(asking), into: queries.rows(asking), pool: pool)  // [L, width]
      keyValue(normed.rows(distinct), into: keysAndValues.rows(distinct), pool: pool)  // [L, 2·width]
      for index in 0..<alike {
        projected.row(index).update(from: projected.row(alike), count: projected.columns)
      }
    }
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
}
