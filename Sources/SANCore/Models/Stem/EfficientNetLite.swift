/// EfficientNet-Lite without its classifier, batch norm folded into its convolutions: the convolutional stem of a hybrid model.
///
/// An image becomes maps of ever fewer places and more channels. `clip_visual_extractor.stem` in a checkpoint.
/// (Tan & Le 2019; the Lite variants have ReLU6 and no squeeze-and-excitation.)
public struct EfficientNetLite: Sendable {
  /// An inverted residual block: channels are expanded, convolved each by itself, and projected.
  public struct Block: Sendable {
    /// 1×1, in → E, ReLU6; nil where channels are not expanded.
    let expand: Linear?
    /// E → E, ReLU6.
    let depthwise: DepthwiseConvolution
    /// 1×1, E → out.
    let project: Linear
    /// Whether the block's input is added to its output.
    let isResidual: Bool
    /// Pixels from one place of its output to the next.
    let pixels: Int
  }

  /// 3×3, stride 2, RGB → channels, as a product with rows of 27, ReLU6.
  let convolution: Linear
  /// The blocks, first to last.
  let blocks: [Block]
  /// 1×1 on the last map, ReLU6.
  let head: Linear
  /// The last block whose output is of 8, 16 and 32 pixels a place.
  private let last: [Int: Int]

  /// The network of a model, `clip_visual_extractor.stem` of its parameters.
  public init(_ parameters: ParameterScope, _ stem: SANConfiguration.Stem) {
    let first = parameters.scope("conv")
    convolution = Linear(
      first.weight("weight", [stem.channels, 3, 3, 3]), bias: first.tensor("bias", [stem.channels]))
    var (blocks, last): ([Block], [Int: Int]) = ([], [:])
    var (inputs, pixels) = (stem.channels, 2)
    for stage in stem.blocks {
      for repetition in 0..<stage.repeats {
        let own = parameters.scope("blocks.\(blocks.count)")
        let expanded = stage.expansion * inputs
        let stride = repetition == 0 ? stage.stride : 1
        pixels *= stride
        last[pixels] = blocks.count
        blocks.append(
          Block(
            expand: stage.expansion == 1 ? nil : Linear(own.scope("expand"), inputs, expanded),
            depthwise: DepthwiseConvolution(
              own.scope("depthwise"), channels: expanded, kernelSize: stage.kernel, stride: stride),
            project: Linear(own.scope("project"), expanded, stage.channels),
            isResidual: stride == 1 && inputs == stage.channels, pixels: pixels))
        inputs = stage.channels
      }
    }
    (self.blocks, self.last) = (blocks, last)
    head = Linear(parameters.scope("head"), inputs, stem.head)
  }

  /// Channels of the map of 8, 16 or 32 pixels a place.
  func channels(_ pixels: Int) -> Int { blocks[last[pixels]!].project.outputs }

  /// The places of the map of `pixels` pixels each.
  private func grid(_ size: Grid, _ pixels: Int) -> Grid {
    Grid(height: size.height / pixels, width: size.width / pixels)
  }

  /// The maps of a normalised image whose sides are multiples of 32, from the workspace's present scope. `checkpoint` is called
  /// between the blocks; what it throws ends the run.
  public func callAsFunction(
    _ image: PlanarImage, workspace: Workspace, checkpoint: () throws -> Void = {}
  ) rethrows -> ConvolutionalMaps {
    precondition(image.size.height % 32 == 0 && image.size.width % 32 == 0, "the image is padded")
    let pool = workspace.pool
    let grids = [8, 16, 32].map { grid(image.size, $0) }
    let maps = zip([8, 16, 32], grids).map { workspace.matrix($1.count, channels($0)) }
    let headMap = workspace.matrix(grids[2].count, head.outputs)
    try workspace.scope {
      var size = grid(image.size, 2)
      var x = workspace.matrix(size.count, convolution.outputs)
      workspace.scope {
        let windows = EfficientNetLite.windows(of: image, workspace: workspace)  // [H/2·W/2, 27]
        convolution(windows, into: x, activation: .relu6, pool: pool)
      }
      for (index, block) in blocks.enumerated() {
        try checkpoint()
        let target = grid(image.size, block.pixels)
        // A block that is added to its input needs no place of its own; a map that is kept has one.
        let kept = last[block.pixels] == index && block.pixels >= 8
        let y =
          kept
          ? maps[block.pixels.trailingZeroBitCount - 3]
          : block.isResidual ? x : workspace.matrix(target.count, block.project.outputs)
        if kept && block.isResidual { y.copy(from: x) }
        workspace.scope {
          var expanded = x
          if let expand = block.expand {
            expanded = workspace.matrix(size.count, expand.outputs)
            expand(x, into: expanded, activation: .relu6, pool: pool)  // [places, E]
          }
          let convolved = workspace.matrix(target.count, block.depthwise.channels)
          block.depthwise(expanded, grid: size, into: convolved, pool: pool)  // [places, E]
          block.project(convolved, into: y, accumulate: block.isResidual, pool: pool)  // [places, C]
        }
        (x, size) = (y, target)
      }
      head(x, into: headMap, activation: .relu6, pool: pool)
    }
    return ConvolutionalMaps(grids: grids, maps: maps, head: headMap, workspace: workspace)
  }

  /// What the first convolution sees at each place, `[H/2·W/2, 27]`, channel by channel; zeros beyond the right and the lower edge.
  private static func windows(of image: PlanarImage, workspace: Workspace) -> Matrix {
    let (height, width) = (image.size.height / 2, image.size.width / 2)
    let out = workspace.matrix(height * width, 27)
    workspace.pool.runRanges(height, grain: 4) { range, _ in
      for y in range {
        for x in 0..<width {
          var target = out.row(y * width + x)
          for channel in 0..<3 {
            let plane = image.planes.row(channel)
            for row in 2 * y..<2 * y + 3 {
              for column in 2 * x..<2 * x + 3 {
                let isInside = row < image.size.height && column < image.size.width
                target.pointee = isInside ? plane[row * image.size.width + column] : 0
                target += 1
              }
            }
          }
        }
      }
    }
    return out
  }

  /// Multiply-adds for a padded image of `size`, in pixels.
  func cost(of size: Grid) -> Double {
    var (cost, places) = (convolution.cost(rows: Double(grid(size, 2).count)), grid(size, 2))
    for block in blocks {
      cost += block.expand?.cost(rows: Double(places.count)) ?? 0
      cost += block.depthwise.cost(of: places)
      places = grid(size, block.pixels)
      cost += block.project.cost(rows: Double(places.count))
    }
    return cost + head.cost(rows: Double(places.count))
  }
}
