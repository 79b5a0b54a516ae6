/// Cuts an image into square patches and maps each to a token: a convolution whose stride is its kernel's size.
///
/// CLIP's sees the image at a part of its size, by a bilinear downsample.
public struct PatchEmbedding: ImageStem {
  /// Side of a patch, in pixels of the image that is cut.
  public let patchSize: Int
  /// That image's size as a factor of the given one's.
  public let resolutionScale: Double
  private let linear: Linear

  /// Patches to `channels`, with `weight` of `[channels, 3, patch, patch]` and, where `isBiased`, `bias` of `parameters`.
  public init(
    _ parameters: ParameterScope, channels: Int, patchSize: Int, isBiased: Bool, resolutionScale: Double = 1
  ) {
    (self.patchSize, self.resolutionScale) = (patchSize, resolutionScale)
    linear = Linear(
      parameters.weight("weight", [channels, 3, patchSize, patchSize]),
      bias: isBiased ? parameters.tensor("bias", [channels]) : nil)
  }

  /// The size at which an image of `size` is cut.
  public func inputSize(of size: Grid) -> Grid {
    Grid(
      height: Int(Double(size.height) * resolutionScale), width: Int(Double(size.width) * resolutionScale))
  }

  /// The grid of patches of an image; remainder pixels on the right and at the bottom are dropped.
  public func grid(of size: Grid) -> Grid {
    let input = inputSize(of: size)
    return Grid(height: input.height / patchSize, width: input.width / patchSize)
  }

  /// Multiply-adds for an image of `size`.
  public func cost(of size: Grid) -> Double { linear.cost(rows: Double(grid(of: size).count)) }

  /// Writes one token a patch to `tokens`, `[h·w, C]`, in row-major order of the grid.
  public func callAsFunction(
    _ image: PlanarImage, maps: ConvolutionalMaps? = nil, into tokens: Matrix, workspace: Workspace
  ) {
    let grid = grid(of: image.size)
    precondition(tokens.rows == grid.count && tokens.columns == linear.outputs, "one token a patch")
    let area = patchSize * patchSize
    workspace.scope {
      let input = downsample(image, workspace: workspace)
      let patches = workspace.matrix(grid.count, 3 * area)  // [h·w, 3·patch²]
      workspace.pool.runRanges(grid.height, grain: 1) { range, _ in
        for y in range {
          for channel in 0..<3 {
            let plane = input.planes.row(channel)
            for dy in 0..<patchSize {
              let source = plane + (y * patchSize + dy) * input.size.width
              for x in 0..<grid.width {
                let target = patches.row(y * grid.width + x) + channel * area + dy * patchSize
                target.update(from: source + x * patchSize, count: patchSize)
              }
            }
          }
        }
      }
      linear(patches, into: tokens, pool: workspace.pool)  // [h·w, C]
    }
  }

  /// The image at the size at which it is cut: a bilinear downsample, whose step is the factor's inverse, not the sizes' ratio.
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
}
