/// The side network: a small ViT over the whole image that borrows CLIP's features.
///
/// Its tokens are queries, one a mask proposal, followed by patches. `side_adapter_network` in a checkpoint.
public struct SideAdapterNetwork: Sendable {
  /// The image to patch tokens.
  public let patchEmbedding: PatchEmbedding
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

  /// The side network of a model.
  public init(_ parameters: ModelParameters) {
    let configuration = parameters.configuration.sideAdapter
    let name = "side_adapter_network"
    let grid = Grid(height: configuration.grid[0], width: configuration.grid[1])
    let tokens = [configuration.queries, configuration.width]
    patchEmbedding = PatchEmbedding(
      weight: parameters["\(name).vit_model.patch_embed.proj.weight"],
      bias: parameters["\(name).vit_model.patch_embed.proj.bias"])
    queryEmbedding = parameters["\(name).query_embed"].reshaped(tokens)
    queryPosition = parameters["\(name).query_pos_embed"].reshaped(tokens)
    patchPosition = PositionalEmbedding(
      parameters["\(name).vit_model.pos_embed"].reshaped([grid.count, configuration.width]), grid: grid)
    blocks = (0..<configuration.layers).map {
      .side(parameters, "\(name).vit_model.blocks.\($0)", heads: configuration.heads)
    }
    var fusion: [Int: FusionLayer] = [:]
    for pair in configuration.fusion {
      fusion[pair[1]] = FusionLayer(parameters, clipLayer: pair[0], block: pair[1])
    }
    self.fusion = fusion
  }

  /// Runs the side ViT on the padded image.
  ///
  /// `features` are CLIP's maps by layer (0: after `ln_pre`), patch part only, `[h·w, C]`, on `clipGrid`.
  /// Returns the tokens `[Q + h_s·w_s, C]`, queries first, from the workspace's present scope. `visit(block, tokens)`
  /// sees the tokens after each block and its fusion (1, 2, …); what it throws ends the run.
  public func callAsFunction(
    _ image: PlanarImage, features: [Int: Matrix], clipGrid: Grid, workspace: Workspace,
    visit: (_ block: Int, _ tokens: Matrix) throws -> Void
  ) rethrows -> Matrix {
    let grid = patchEmbedding.grid(of: image.size)
    let queries = queryEmbedding.shape[0]
    let x = workspace.matrix(queries + grid.count, queryEmbedding.shape[1])  // [Q + h_s·w_s, C]
    let patches = x.rows(queries..<x.rows)
    x.row(0).update(from: queryEmbedding.pointer, count: queryEmbedding.count)
    patchEmbedding(image, into: patches, workspace: workspace)

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
}

/// Brings one of CLIP's feature maps into the side network: norm, 1×1 convolution, bilinear resize, sum.
public struct FusionLayer: Sendable {
  /// The CLIP layer that it reads (0: after `ln_pre`).
  public let clipLayer: Int
  /// Over CLIP's channels.
  public let norm: LayerNorm
  /// CLIP's channels to the side network's.
  public let projection: Linear

  /// The fusion layer that a model applies at side block `block`.
  public init(_ parameters: ModelParameters, clipLayer: Int, block: Int) {
    let name = "side_adapter_network.fusion_layers.layer_\(block).input_proj"
    self.clipLayer = clipLayer
    norm = LayerNorm(parameters, "\(name).0", epsilon: 1e-6)
    projection = Linear(parameters, "\(name).1")
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
