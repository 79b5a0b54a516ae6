/// The side network: a small ViT over the whole image that borrows CLIP's features.
///
/// Its tokens are queries, one a mask proposal, followed by patches. `side_adapter_network` in a checkpoint.
public struct SideAdapterNetwork: Sendable {
  /// The image to patch tokens, without positions.
  public let stem: any ImageStem
  /// `[Q, C]`
  public let queryEmbedding: Tensor
  /// `[Q, C]`
  public let queryPosition: Tensor
  /// The patches' positions.
  public let patchPosition: PositionalEmbedding
  /// The side ViT's blocks.
  public let blocks: [TransformerBlock]
  /// By side block: what is added to the patch tokens before the first block (0) or after block t.
  public let fusion: [Int: FusionLayer]

  /// The side network of a model, `side_adapter_network` of its parameters.
  ///
  /// `convolutions` is the network whose maps its stem reads, where the model has one.
  public init(
    _ parameters: ParameterScope, _ configuration: SANConfiguration, convolutions: EfficientNetLite? = nil
  ) {
    let (side, vit) = (configuration.sideAdapter, parameters.scope("vit_model"))
    let tokens = [side.queries, side.width]
    queryEmbedding = parameters.tensor("query_embed", [1] + tokens).reshaped(tokens)
    queryPosition = parameters.tensor("query_pos_embed", [1] + tokens).reshaped(tokens)
    patchPosition = PositionalEmbedding(
      vit.tensor("pos_embed", [1, side.grid.count, side.width]).reshaped([side.grid.count, side.width]),
      grid: side.grid)
    let projection = vit.scope("patch_embed.proj")
    if let convolutions {
      stem = NearEmbedding(projection, maps: convolutions, width: side.width)
    } else {
      stem = PatchEmbedding(
        projection, channels: side.width, patchSize: side.patchSize, isBiased: true)
    }
    blocks = (0..<side.layers).map {
      .side(vit.scope("blocks.\($0)"), width: side.width, heads: side.heads)
    }
    var fusion: [Int: FusionLayer] = [:]
    for pair in side.fusion.sorted(by: { $0.sideBlock < $1.sideBlock }) {
      fusion[pair.sideBlock] = FusionLayer(
        parameters.scope("fusion_layers.layer_\(pair.sideBlock).input_proj"), clipLayer: pair.clipLayer,
        from: configuration.clip.image.width, to: side.width)
    }
    self.fusion = fusion
  }

  /// The grid of patch tokens for an image of `size`.
  public func grid(of size: Grid) -> Grid { stem.grid(of: size) }

  /// Runs the side ViT on the padded image.
  ///
  /// `features` are CLIP's maps by layer (0: after `ln_pre`), patch part only, `[h·w, C]`, on `clipGrid`.
  /// Returns the tokens `[Q + h_s·w_s, C]`, queries first, from the workspace's present scope. `visit(block, tokens)`
  /// sees the tokens after each block and its fusion (1, 2, …); what it throws ends the run.
  public func callAsFunction(
    _ image: PlanarImage, maps: ConvolutionalMaps? = nil, features: [Int: Matrix], clipGrid: Grid,
    workspace: Workspace,
    visit: (_ block: Int, _ tokens: Matrix) throws -> Void
  ) rethrows -> Matrix {
    let grid = grid(of: image.size)
    let queries = queryEmbedding.shape[0]
    let x = workspace.matrix(queries + grid.count, queryEmbedding.shape[1])  // [Q + h_s·w_s, C]
    let patches = x.rows(queries..<x.rows)
    x.row(0).update(from: queryEmbedding.pointer, count: queryEmbedding.count)
    stem(image, maps: maps, into: patches, workspace: workspace)

    let position = patchPosition(grid)  // [h_s·w_s, C]
    func addPosition() {
      VectorMath.add(x.row(0), queryPosition.pointer, queryPosition.count)
      position.withUnsafeBufferPointer { VectorMath.add(patches.pointer, $0.baseAddress!, $0.count) }
    }
    func fuse(after block: Int) {
      guard let layer = fusion[block] else { return }
      guard let map = features[layer.clipLayer] else {
        preconditionFailure("the extractor keeps what is fused")
      }
      layer(map, from: clipGrid, into: patches, to: grid, workspace: workspace)
    }

    addPosition()
    fuse(after: 0)
    for (index, block) in blocks.enumerated() {
      block(x, workspace: workspace)
      fuse(after: index + 1)
      try visit(index + 1, x)
      if index + 1 < blocks.count { addPosition() }
    }
    return x
  }

  /// Multiply-adds of the blocks for an image of `size`.
  func cost(of size: Grid) -> Double {
    let tokens = Double(queryEmbedding.shape[0] + grid(of: size).count)
    return blocks.reduce(0) { $0 + $1.cost(tokens: tokens) }
  }
}

/// Brings one of CLIP's feature maps into the side network: norm, 1×1 convolution, bilinear resize, sum.
public struct FusionLayer: Sendable {
  /// The CLIP layer that it reads (0: after `ln_pre`).
  public let clipLayer: Int
  /// Over CLIP's channels.
  public let norm: LayerNorm
  /// CLIP's channels to the side network's.
  public let projection: Linear

  /// The fusion layer of a model for CLIP's layer `clipLayer`: from `inputs` channels to `outputs`.
  public init(_ parameters: ParameterScope, clipLayer: Int, from inputs: Int, to outputs: Int) {
    self.clipLayer = clipLayer
    norm = LayerNorm(parameters.scope("0"), width: inputs, epsilon: 1e-6)
    projection = Linear(parameters.scope("1"), inputs, outputs, kernel: [1, 1])
  }

  /// Adds the map `features`, `[from.count, C_clip]`, to the patch tokens `x`, `[to.count, C]`.
  public func callAsFunction(_ features: Matrix, from: Grid, into x: Matrix, to: Grid, workspace: Workspace) {
    workspace.scope {
      let normed = workspace.matrix(features.rows, features.columns)
      let projected = workspace.matrix(features.rows, x.columns)
      norm(features, into: normed, pool: workspace.pool)
      projection(normed, into: projected, pool: workspace.pool)  // [h·w, C]
      Bilinear.addTokens(projected, from: from, into: x, to: to, pool: workspace.pool)  // [h_s·w_s, C]
    }
  }
}
