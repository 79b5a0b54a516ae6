/// CLIP's tokens of a hybrid model: a small MLP at each place of the convolutional maps of all scales and their mean over the
/// picture.
public struct PlaceEmbedding: ImageStem {
  /// The maps of 16 and 8 pixels a place to the hidden width.
  let near: Linear
  /// Those of 32 to the same, without bias.
  let far: Linear
  /// The mean over all places to the same, without bias.
  let context: Linear
  /// To the tower's width.
  let output: Linear

  /// The embedding of a model, `clip_visual_extractor.stem.tokens` of its parameters: from `maps` to `width` channels.
  public init(_ parameters: ParameterScope, _ stem: SANConfiguration.Stem, maps: EfficientNetLite, width: Int)
  {
    func linear(_ name: String, _ inputs: Int) -> Linear {
      Linear(parameters.weight("\(name).weight", [stem.hidden, inputs]))
    }
    near = Linear(parameters.scope("near"), maps.nearChannels, stem.hidden)
    far = linear("far", maps.channels(32) + stem.head)
    context = linear("context", stem.hidden)
    output = Linear(parameters.scope("output"), stem.hidden, width)
  }

  /// The grid of places of 16 pixels.
  public func grid(of size: Grid) -> Grid { Grid(height: size.height / 16, width: size.width / 16) }

  /// Multiply-adds for a padded image of `size`.
  public func cost(of size: Grid) -> Double {
    let places = Double(grid(of: size).count)
    return near.cost(rows: places) + far.cost(rows: Double(size.height / 32 * (size.width / 32)))
      + context.cost(rows: 1) + output.cost(rows: places)
  }

  /// Writes one token a place to `tokens`, `[h·w, C]`, in row-major order of the grid.
  public func callAsFunction(
    _ image: PlanarImage, maps: ConvolutionalMaps?, into tokens: Matrix, workspace: Workspace
  ) {
    guard let maps else { preconditionFailure("places are those of the maps") }
    let pool = workspace.pool
    workspace.scope {
      let hidden = workspace.matrix(maps.near.rows, near.outputs)
      near(maps.near, into: hidden, pool: pool)  // [h·w, hidden]
      let coarse = workspace.matrix(maps.far.rows, far.outputs)
      far(maps.far, into: coarse, pool: pool)  // [h/2·w/2, hidden]
      Bilinear.addTokens(coarse, from: maps.thirtySecond, into: hidden, to: maps.sixteenth, pool: pool)

      let mean = workspace.matrix(1, hidden.columns)
      mean.row(0).update(repeating: 0, count: mean.columns)
      for place in 0..<hidden.rows { VectorMath.add(mean.row(0), hidden.row(place), mean.columns) }
      VectorMath.scale(mean.row(0), mean.columns, by: 1 / Float(hidden.rows))
      let shared = workspace.matrix(1, hidden.columns)
      context(mean, into: shared, pool: pool)  // [1, hidden]
      pool.runRanges(hidden.rows, grain: 64) { range, _ in
        for place in range {
          VectorMath.add(hidden.row(place), shared.row(0), hidden.columns)
          Activation.relu.apply(hidden.row(place), count: hidden.columns)
        }
      }
      output(hidden, into: tokens, pool: pool)  // [h·w, C]
    }
  }
}

/// The side network's tokens of a hybrid model: a linear map of the convolutional maps at each place of 16 pixels.
public struct NearEmbedding: ImageStem {
  private let linear: Linear

  /// The embedding of `parameters`, `weight` and `bias`: from `maps` to `width` channels.
  public init(_ parameters: ParameterScope, maps: EfficientNetLite, width: Int) {
    linear = Linear(parameters, maps.nearChannels, width)
  }

  /// The grid of places of 16 pixels.
  public func grid(of size: Grid) -> Grid { Grid(height: size.height / 16, width: size.width / 16) }

  /// Multiply-adds for a padded image of `size`.
  public func cost(of size: Grid) -> Double { linear.cost(rows: Double(grid(of: size).count)) }

  /// Writes one token a place to `tokens`, `[h·w, C]`, in row-major order of the grid.
  public func callAsFunction(
    _ image: PlanarImage, maps: ConvolutionalMaps?, into tokens: Matrix, workspace: Workspace
  ) {
    guard let maps else { preconditionFailure("places are those of the maps") }
    linear(maps.near, into: tokens, pool: workspace.pool)
  }
}

extension EfficientNetLite {
  /// Channels of ``ConvolutionalMaps/near``.
  var nearChannels: Int { channels(16) + 4 * channels(8) }
}
