/// Cuts an image into square patches and maps each to a token: a convolution whose stride is its kernel's size.
public struct PatchEmbedding: Sendable {
  /// Side of a patch, in pixels.
  public let patchSize: Int
  private let linear: Linear

  /// `weight` is `[C, 3, patch, patch]`, `bias` is `[C]` or nil.
  public init(weight: Tensor, bias: Tensor?) {
    precondition(weight.shape.count == 4 && weight.shape[1] == 3, "a convolution over RGB")
    patchSize = weight.shape[2]
    linear = Linear(weight: weight, bias: bias)
  }

  /// The grid of patches of an image; remainder pixels on the right and at the bottom are dropped.
  public func grid(of size: Grid) -> Grid {
    Grid(height: size.height / patchSize, width: size.width / patchSize)
  }

  /// Writes one token a patch to `out`, `[h·w, C]`, in row-major order of the grid.
  public func callAsFunction(_ image: PlanarImage, into out: Matrix, workspace: Workspace) {
    let grid = grid(of: image.size)
    precondition(out.rows == grid.count && out.columns == linear.outputs, "one token a patch")
    let area = patchSize * patchSize
    workspace.scope {
      let patches = workspace.matrix(grid.count, 3 * area)  // [h·w, 3·patch²]
      workspace.pool.runRanges(grid.height, grain: 1) { range, _ in
        for y in range {
          for channel in 0..<3 {
            let plane = image.planes.row(channel)
            for dy in 0..<patchSize {
              let source = plane + (y * patchSize + dy) * image.size.width
              for x in 0..<grid.width {
                let target = patches.row(y * grid.width + x) + channel * area + dy * patchSize
                target.update(from: source + x * patchSize, count: patchSize)
              }
            }
          }
        }
      }
      linear(patches, into: out, pool: workspace.pool)
    }
  }
}
