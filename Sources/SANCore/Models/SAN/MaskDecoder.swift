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
  /// Multiplies the biases: one number.
  public let biasScale: Tensor
  /// Is added to the biases: one number.
  public let biasOffset: Tensor
  /// A hybrid model's convolutional map of 8 pixels a place to ``pixelMLP``'s first hidden layer: with it, masks are twice as fine
  /// as the side network's grid.
  public let fine: Linear?
  /// ``pixelMLP``'s last layer, folded into the queries.
  private let maskFold: QueryFold
  /// That of ``biasMLP``, head by head.
  private let biasFolds: [QueryFold]
  /// Heads of the attention bias.
  public let heads: Int
  /// Channels of the embedding.
  public let channels: Int

  /// The mask decoder of a model, `side_adapter_network.mask_decoder` of its parameters.
  ///
  /// `convolutions` is the network whose map ``fine`` reads, where the model has one.
  public init(
    _ parameters: ParameterScope, _ configuration: SANConfiguration, convolutions: EfficientNetLite? = nil
  ) {
    let (decoder, width) = (configuration.maskDecoder, configuration.sideAdapter.width)
    let (heads, channels) = (decoder.biasHeads, decoder.channels)
    (self.heads, self.channels) = (heads, channels)
    func mlp(_ name: String, outputs: Int, kernel: [Int]) -> MLP {
      MLP(
        parameters.scope(name), inputs: width, hidden: channels, outputs: outputs, layers: decoder.mlpLayers,
        kernel: kernel)
    }
    queryMLP = mlp("query_mlp", outputs: channels, kernel: [])
    pixelMLP = mlp("pix_mlp", outputs: channels, kernel: [1, 1])
    biasMLP = mlp("attn_mlp", outputs: channels * heads, kernel: [1, 1])
    fine = convolutions.flatMap {
      decoder.stride == configuration.sideAdapter.patchSize
        ? nil : Linear(parameters.weight("fine.weight", [channels, $0.channels(8)]))
    }
    biasScale = parameters.tensor("bias_scaling.weight", [1, 1])
    biasOffset = parameters.tensor("bias_scaling.bias", [1])
    maskFold = QueryFold(pixelMLP, 0..<channels)
    biasFolds = (0..<heads).map { [biasMLP] in QueryFold(biasMLP, $0 * channels..<($0 + 1) * channels) }
  }

  /// The grid of masks for patch tokens on `grid`.
  public func maskGrid(_ grid: Grid) -> Grid {
    fine == nil ? grid : Grid(height: 2 * grid.height, width: 2 * grid.width)
  }

  /// Writes mask logits `[Q, cells]`, on the grid of masks, and attention biases `[heads·Q, h·w]` (head by head), on the side
  /// grid, for the queries `[Q, C]` and the patch tokens `[h·w, C]` on `grid`.
  public func callAsFunction(
    queries: Matrix, patches: Matrix, grid: Grid, maps: ConvolutionalMaps? = nil, masks: Matrix,
    biases: Matrix, workspace: Workspace
  ) {
    let count = queries.rows
    precondition(
      masks.rows == count && masks.columns == maskGrid(grid).count, "one logit a query and cell")
    precondition(
      biases.rows == heads * count && biases.columns == patches.rows, "one bias a head, query and patch")
    workspace.scope {
      let q = workspace.matrix(count, channels)  // [Q, D]
      queryMLP(queries, into: q, workspace: workspace)

      let pixels = pixelFeatures(patches, grid: grid, maps: maps, workspace: workspace)  // [cells, D]
      maskFold(q, pixels, into: masks, workspace: workspace)

      let hidden = biasMLP.hidden(patches, workspace: workspace)  // [h·w, D]
      for (head, fold) in biasFolds.enumerated() {
        fold(
          q, hidden, into: biases.rows(head * count..<(head + 1) * count), scale: biasScale.scalar,
          offset: biasOffset.scalar, workspace: workspace)
      }
    }
  }

  /// What masks are made of at each of their cells, all of ``pixelMLP`` but its last layer, `[cells, D]`, from the workspace's
  /// present scope.
  private func pixelFeatures(
    _ patches: Matrix, grid: Grid, maps: ConvolutionalMaps?, workspace: Workspace
  ) -> Matrix {
    guard let fine else { return pixelMLP.hidden(patches, workspace: workspace) }
    guard let maps else { preconditionFailure("fine masks are made of maps") }
    let (pool, first) = (workspace.pool, pixelMLP.layers[0])
    let cells = workspace.matrix(maps.fine.rows, first.outputs)
    workspace.scope {
      let coarse = workspace.matrix(patches.rows, first.outputs)
      first(patches, into: coarse, pool: pool)  // [h·w, D]
      fine(maps.fine, into: cells, pool: pool)  // [2h·2w, D]
      Bilinear.addTokens(coarse, from: grid, into: cells, to: maps.eighth, pool: pool)
      pool.runRanges(cells.rows, grain: 256) { range, _ in
        for cell in range { Activation.relu.apply(cells.row(cell), count: cells.columns) }
      }
    }
    return pixelMLP.hidden(cells, from: 1, workspace: workspace)
  }

  /// Reduces biases from the side grid to CLIP's by adaptive max pooling: window i of n runs from ⌊i·N/n⌋ to
  /// ⌈(i+1)·N/n⌉. `biases` is `[heads·Q, from.count]`, `out` is `[heads·Q, to.count]`.
  public static func pool(_ biases: Matrix, from: Grid, into out: Matrix, to: Grid, pool: ThreadPool) {
    precondition(
      biases.columns == from.count && out.columns == to.count && biases.rows == out.rows, "sizes agree")
    let columns = (0..<to.width).map { AdaptivePooling.window($0, from.width, to.width) }
    pool.runRanges(biases.rows, grain: 16) { range, _ in
      for row in range {
        let (source, target) = (biases.row(row), out.row(row))
        for y in 0..<to.height {
          let rows = AdaptivePooling.window(y, from.height, to.height)
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

extension MaskDecoder {
  /// Multiply-adds for `queries` queries and patches on `grid`, as the paper has them: the last layers run on all pixels.
  func cost(queries: Double, grid: Grid) -> Double {
    let (patches, cells) = (Double(grid.count), Double(maskGrid(grid).count))
    let first = pixelMLP.layers[0].cost(rows: 1)
    return queryMLP.cost(rows: queries) + biasMLP.cost(rows: patches)
      + first * patches + (pixelMLP.cost(rows: 1) - first) * cells + (fine?.cost(rows: cells) ?? 0)
      + queries * Double(channels) * (cells + patches * Double(heads))
  }
}

/// A last layer of pixels that is run on the queries instead: `q·(W x + b) = (Wᵀq)·x + q·b`.
private struct QueryFold: Sendable {
  /// Wᵀ
  private let map: Linear
  /// b, `[D]`
  private let bias: Tensor?

  /// The `outputs` of the last layer of `mlp`.
  init(_ mlp: MLP, _ outputs: Range<Int>) {
    map = Linear(mlp.lastWeight.rows(outputs).transposed)
    bias = mlp.last.bias?.rows(outputs)
  }

  /// out = scale·(q·(W·x + b)) + offset: `q` is `[Q, D]`, `x` is `[h·w, D]`, `out` is `[Q, h·w]`.
  func callAsFunction(
    _ q: Matrix, _ x: Matrix, into out: Matrix, scale: Float = 1, offset: Float = 0, workspace: Workspace
  ) {
    workspace.scope {
      let folded = workspace.matrix(q.rows, map.outputs)  // [Q, D]
      let constants = workspace.matrix(1, q.rows)
      map(q, into: folded, pool: workspace.pool)
      for row in 0..<q.rows {
        VectorMath.scale(folded.row(row), folded.columns, by: scale)
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
}
