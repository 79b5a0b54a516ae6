/// The first part of CLIP's image tower: patches to tokens, and the blocks before the recognition head.
///
/// `clip_visual_extractor` in a checkpoint.
public struct ClipVisualExtractor: Sendable {
  /// The stride-sized convolution, without bias.
  public let patchEmbedding: PatchEmbedding
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
  /// CLIP's input size as a factor of the image's.
  public let resolutionScale: Double

  /// The extractor of a model.
  public init(_ parameters: ModelParameters) {
    let configuration = parameters.configuration.clip
    let name = "clip_visual_extractor"
    patchEmbedding = PatchEmbedding(weight: parameters["\(name).conv1.weight"], bias: nil)
    classEmbedding = parameters["\(name).class_embedding"]
    let position = parameters["\(name).positional_embedding"]  // [1 + grid, C]
    let width = configuration.image.width
    let grid = Grid(height: configuration.image.grid[0], width: configuration.image.grid[1])
    classPosition = position.rows(0..<1).reshaped([width])
    patchPosition = PositionalEmbedding(position.rows(1..<1 + grid.count), grid: grid)
    normPre = LayerNorm(parameters, "\(name).ln_pre", epsilon: 1e-5)
    blocks = (0..<configuration.extractorLayers).map {
      .clip(parameters, "\(name).resblocks.\($0)", heads: configuration.image.heads)
    }
    resolutionScale = configuration.resolutionScale
  }

  /// The size at which CLIP sees an image of `size`.
  public func inputSize(of size: Grid) -> Grid {
    Grid(
      height: Int(Double(size.height) * resolutionScale), width: Int(Double(size.width) * resolutionScale))
  }

  /// The grid of CLIP's patch tokens for an image of `size`.
  public func grid(of size: Grid) -> Grid { patchEmbedding.grid(of: inputSize(of: size)) }

  /// CLIP's view of the padded image: a bilinear downsample, whose step is the factor's inverse, not the sizes' ratio.
  public func downsample(_ image: PlanarImage, workspace: Workspace) -> PlanarImage {
    if resolutionScale == 1 { return image }
    let size = inputSize(of: image.size)
    let step = Float(1 / resolutionScale)
    let rows = BilinearAxis(input: image.size.height, output: size.height, step: step)
    let columns = BilinearAxis(input: image.size.width, output: size.width, step: step)
    let planes = workspace.matrix(3, size.count)
    workspace.pool.run(3) { channel, _ in
      Bilinear.plane(
        image.planes.row(channel), width: image.size.width, rows: rows, columns: columns,
        into: planes.row(channel))
    }
    return PlanarImage(planes: planes, size: size)
  }

  /// Encodes an image. `visit(layer, tokens, grid)` sees the tokens `[1 + h·w, C]`, the class token first, after
  /// `ln_pre` (layer 0) and after each block (layer 1, 2, …); it must not keep the view. What it throws ends the run.
  ///
  /// Returns the last tokens, from the workspace's present scope.
  public func callAsFunction(
    _ image: PlanarImage, workspace: Workspace,
    visit: (_ layer: Int, _ tokens: Matrix, _ grid: Grid) throws -> Void
  ) rethrows -> Matrix {
    let grid = grid(of: image.size)
    let width = classEmbedding.count
    let x = workspace.matrix(1 + grid.count, width)  // [1 + h·w, C]
    workspace.scope {
      let input = downsample(image, workspace: workspace)
      patchEmbedding(input, into: x.rows(1..<x.rows), workspace: workspace)
    }
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
}
