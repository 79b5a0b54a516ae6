/// The side network's two branches: mask proposals, and the attention biases that steer CLIP to name them.
///
/// Both meet the queries with pixels in one embedding: a mask's logit at a pixel is their product. `mask_decoder` in a
/// checkpoint.
///
/// The last pixel layers are never run on pixels: `q·(W x + b) = (Wᵀq)·x + q·b`, so they are folded into the queries,
/// which are far fewer.
public struct MaskDecoder: Sendable {
  /// Queries to the embedding.
  public let queryMLP: MLP
  /// Pixels to the embedding, for masks.
  public let pixelMLP: MLP
  /// Pixels to `heads` embeddings, for biases.
  public let biasMLP: MLP
  /// Multiplies the biases.
  public let biasScale: Float
  /// Is added to the biases.
  public let biasOffset: Float
  /// Heads of the attention bias.
  public let heads: Int
  /// Channels of the embedding.
  public let channels: Int

  /// The mask decoder of a model.
  public init(_ parameters: ModelParameters) {
    let configuration = parameters.configuration.maskDecoder
    let name = "side_adapter_network.mask_decoder"
    queryMLP = MLP(parameters, "\(name).query_mlp", layers: configuration.mlpLayers)
    pixelMLP = MLP(parameters, "\(name).pix_mlp", layers: configuration.mlpLayers)
    biasMLP = MLP(parameters, "\(name).attn_mlp", layers: configuration.mlpLayers)
    biasScale = parameters["\(name).bias_scaling.weight"].scalar
    biasOffset = parameters["\(name).bias_scaling.bias"].scalar
    heads = configuration.biasHeads
    channels = configuration.channels
  }

  /// Writes mask logits `[Q, h·w]` and attention biases `[heads·Q, h·w]` (head by head), both on the side grid, for the
  /// queries `[Q, C]` and the patch tokens `[h·w, C]`.
  public func callAsFunction(
    queries: Matrix, patches: Matrix, masks: Matrix, biases: Matrix, workspace: Workspace
  ) {
    let count = queries.rows
    precondition(masks.rows == count && masks.columns == patches.rows, "one logit a query and patch")
    precondition(
      biases.rows == heads * count && biases.columns == patches.rows, "one bias a head, query and patch")
    workspace.scope {
      let q = workspace.matrix(count, channels)  // [Q, D]
      queryMLP(queries, into: q, workspace: workspace)

      let pixels = pixelMLP.hidden(patches, workspace: workspace)  // [h·w, D]
      meet(
        q, pixels, weight: pixelMLP.lastWeight.matrix, bias: pixelMLP.last.bias, into: masks,
        workspace: workspace)

      let hidden = biasMLP.hidden(patches, workspace: workspace)  // [h·w, D]
      let weight = biasMLP.lastWeight.matrix  // [heads·D, D]
      for head in 0..<heads {
        let range = head * channels..<(head + 1) * channels
        meet(
          q, hidden, weight: weight.rows(range), bias: biasMLP.last.bias?.rows(range),
          into: biases.rows(head * count..<(head + 1) * count), scale: biasScale, offset: biasOffset,
          workspace: workspace)
      }
    }
  }

  /// out = scale·(q·(W·x + b)) + offset, by way of the queries: `q` is `[Q, D]`, `x` is `[h·w, D]`, `out` is `[Q, h·w]`.
  private func meet(
    _ q: Matrix, _ x: Matrix, weight: ConstMatrix, bias: Tensor?, into out: Matrix, scale: Float = 1,
    offset: Float = 0,
    workspace: Workspace
  ) {
    workspace.scope {
      let folded = workspace.matrix(q.rows, weight.columns)  // [Q, D]
      let constants = workspace.matrix(1, q.rows)
      GEMM.multiply(q, weight, .plain, into: folded, alpha: scale)
      for row in 0..<q.rows {
        let product = bias.map { VectorMath.dot(q.row(row), $0.pointer, q.columns) } ?? 0
        constants.pointer[row] = scale * product + offset
      }
      workspace.pool.runRanges(x.rows, grain: 256) { range, _ in
        let target = out.columns(range)
        for row in 0..<q.rows {
          target.row(row).update(repeating: constants.pointer[row], count: range.count)
        }
        GEMM.multiply(folded, x.rows(range), .transposed, into: target, beta: 1)
      }
    }
  }

  /// Reduces biases from the side grid to CLIP's by adaptive max pooling: window i of n runs from ⌊i·N/n⌋ to
  /// ⌈(i+1)·N/n⌉. `biases` is `[heads·Q, from.count]`, `out` is `[heads·Q, to.count]`.
  public static func pool(_ biases: Matrix, from: Grid, into out: Matrix, to: Grid, pool: ThreadPool) {
    precondition(
      biases.columns == from.count && out.columns == to.count && biases.rows == out.rows, "sizes agree")
    @Sendable func window(_ index: Int, _ input: Int, _ output: Int) -> Range<Int> {
      index * input / output..<((index + 1) * input + output - 1) / output
    }
    let columns = (0..<to.width).map { window($0, from.width, to.width) }
    pool.runRanges(biases.rows, grain: 16) { range, _ in
      for row in range {
        let (source, target) = (biases.row(row), out.row(row))
        for y in 0..<to.height {
          let rows = window(y, from.height, to.height)
          for x in 0..<to.width {
            var best = -Float.infinity
            for dy in rows {
              for dx in columns[x] { best = max(best, source[dy * from.width + dx]) }
            }
            target[y * to.width + x] = best
          }
        }
      }
    }
  }
}
