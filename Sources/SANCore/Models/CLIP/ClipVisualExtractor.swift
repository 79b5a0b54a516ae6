/// The first part of CLIP's image tower: patches to tokens, and the blocks before the recognition head.
///
/// `clip_visual_extractor` in a checkpoint.
public struct ClipVisualExtractor: Sendable {
  /// A hybrid model's convolutional network, whose maps the stems read; nil for released models.
  public let convolutions: EfficientNetLite?
  /// The image to tokens, without positions.
  public let stem: any ImageStem
  /// `[C]`
  public let classEmbedding: Tensor
  /// The class token's position, `[C]`.
  public let classPosition: Tensor
  /// The patches' positions.
  public let patchPosition: PositionalEmbedding
  /// Before the first block.
  public let normPre: LayerNorm
  /// The blocks of this part.
  public let blocks: [TransformerBlock]

  /// The extractor of a model, `clip_visual_extractor` of its parameters.
  public init(_ parameters: ParameterScope, _ configuration: SANConfiguration) {
    let (clip, image) = (configuration.clip, configuration.clip.image)
    classEmbedding = parameters.tensor("class_embedding", [image.width])
    let position = parameters.tensor("positional_embedding", [1 + image.grid.count, image.width])
    classPosition = position.rows(0..<1).reshaped([image.width])
    patchPosition = PositionalEmbedding(position.rows(1..<1 + image.grid.count), grid: image.grid)
    let stemParameters = parameters.scope("stem")
    convolutions = image.stem.map { EfficientNetLite(stemParameters, $0) }
    if let convolutions, let stem = image.stem {
      self.stem = PlaceEmbedding(
        stemParameters.scope("tokens"), stem, maps: convolutions, width: image.width)
    } else {
      stem = PatchEmbedding(
        parameters.scope("conv1"), channels: image.width, patchSize: image.patchSize, isBiased: false,
        resolutionScale: clip.resolutionScale)
    }
    normPre = LayerNorm(parameters.scope("ln_pre"), width: image.width, epsilon: 1e-5)
    blocks = (0..<clip.extractorLayers).map {
      .clip(parameters.scope("resblocks.\($0)"), width: image.width, heads: image.heads)
    }
  }

  /// The grid of CLIP's patch tokens for an image of `size`.
  public func grid(of size: Grid) -> Grid { stem.grid(of: size) }

  /// Encodes an image. `visit(layer, tokens, grid)` sees the tokens `[1 + h·w, C]`, the class token first, after
  /// `ln_pre` (layer 0) and after each block (layer 1, 2, …); it must not keep the view. What it throws ends the run.
  ///
  /// Returns the last tokens, from the workspace's present scope.
  public func callAsFunction(
    _ image: PlanarImage, maps: ConvolutionalMaps? = nil, workspace: Workspace,
    visit: (_ layer: Int, _ tokens: Matrix, _ grid: Grid) throws -> Void
  ) rethrows -> Matrix {
    let grid = grid(of: image.size)
    let width = classEmbedding.count
    let x = workspace.matrix(1 + grid.count, width)  // [1 + h·w, C]
    stem(image, maps: maps, into: x.rows(1..<x.rows), workspace: workspace)
    x.row(0).update(from: classEmbedding.pointer, count: width)
    VectorMath.add(x.row(0), classPosition.pointer, width)
    patchPosition(grid).withUnsafeBufferPointer { VectorMath.add(x.row(1), $0.baseAddress!, $0.count) }
    normPre(x, into: x, pool: workspace.pool)
    try visit(0, x, grid)
    for (index, block) in blocks.enumerated() {
      block(x, workspace: workspace)
      try visit(index + 1, x, grid)
    }
    return x
  }

  /// Multiply-adds of the blocks for an image of `size`.
  func cost(of size: Grid) -> Double {
    let tokens = Double(1 + grid(of: size).count)
    return blocks.reduce(0) { $0 + $1.cost(tokens: tokens) }
  }
}
