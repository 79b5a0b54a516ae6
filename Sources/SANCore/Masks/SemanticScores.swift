/// Scores of classes at each pixel of the photo, made a few rows of pixels at a time:
/// `score(class, pixel) = Σ_q p(q, class)·σ(mask_q(pixel))`, and in a hybrid model the place tokens' part, interpolated.
///
/// Masks are resized bilinearly to the padded image, cropped to the photo's part of it, and resized again to
/// the photo's own size. Nothing of size `Q×H×W` or `K×H×W` exists at any time. Scores are not probabilities:
/// they can exceed 1.
public struct SemanticScores: Sendable {
  /// The photo's size.
  public let size: Grid
  /// The number of classes K.
  public let classes: Int

  private let scorer: PixelScorer

  /// Scores at `size` for the proposals of an image whose unpadded part is `cropped`: those of masks alone, whose class
  /// probabilities are `[Q, K]`.
  public init(_ proposals: MaskProposals, probabilities: Tensor, cropped: Grid, size: Grid) {
    self.init(proposals, scores: ClassScores(masks: probabilities), cropped: cropped, size: size)
  }

  /// Scores at `size` for the proposals of an image whose unpadded part is `cropped`.
  public init(_ proposals: MaskProposals, scores: ClassScores, cropped: Grid, size: Grid) {
    precondition(
      cropped.height <= proposals.imageSize.height && cropped.width <= proposals.imageSize.width,
      "the photo lies within the padded image")
    self.size = size
    classes = scores.masks.shape[1]
    scorer = PixelScorer(
      proposals, scores, rows: BilinearAxis(input: cropped.height, output: size.height),
      columns: BilinearAxis(input: cropped.width, output: size.width))
  }

  /// Calls `body` for every band of the photo, on several threads at once: `scores` is `[K, pixels.count]`, for pixels that
  /// follow each other in row-major order, and is valid during the call.
  ///
  /// - Parameters:
  ///   - workspace: scratch memory and threads.
  ///   - checkpoint: called between bands; what it throws ends the run.
  ///   - body: takes a band's scores.
  public func forEachBand(
    workspace: Workspace, checkpoint: @escaping @Sendable () throws -> Void = {},
    _ body: @Sendable (_ scores: Matrix, _ pixels: Range<Int>) -> Void
  ) throws {
    let threads = workspace.pool.threadCount
    let size = ScoreBand.size(width: size.width, classes: classes)
    let bands = scorer.bands(0..<self.size.height).flatMap {
      ScoreBand.bands(of: $0, width: self.size.width, classes: classes)
    }
    let scratch = scorer.scratch(bands.map(\.rows), columns: 0..<self.size.width)
    let loop = LoopCheckpoint(checkpoint)
    workspace.scope {
      let space = workspace.matrix(threads, scratch.count)
      let scores = workspace.matrix(threads, classes * size.count)
      workspace.pool.run(bands.count) { part, worker in
        guard loop.passes() else { return }
        let band = bands[part]
        let result = Matrix(scores.row(worker), rows: classes, columns: band.pixels.count)
        for columns in band.patchColumns {
          let patch = scorer.patch(
            rows: band.rows, columns: columns, space: space.row(worker), scratch)
          for row in band.rows {
            GEMM.multiply(
              patch.weights, scorer.inputs(of: patch, row: row), .plain,
              into: result.columns(band.places(row: row, columns: columns)))  // [K, columns]
          }
        }
        body(result, band.pixels)
      }
    }
    try loop.finish()
  }

  /// Calls `body` for every strip of the photo, on several threads at once, with the scores of those classes alone that can
  /// be the highest of any of its pixels: `scores` is `[classes.count, pixels.count]`, valid during the call. These scores
  /// are the same as those of ``forEachBand(workspace:checkpoint:_:)``, and each pixel's highest is among them; of many
  /// classes few are.
  ///
  /// - Parameters:
  ///   - workspace: scratch memory and threads.
  ///   - checkpoint: called between bands of rows; what it throws ends the run.
  ///   - body: takes a strip's scores.
  public func forEachLeadingStrip(
    workspace: Workspace, checkpoint: @escaping @Sendable () throws -> Void = {},
    _ body: @Sendable (_ scores: Matrix, _ classes: UnsafeBufferPointer<Int>, _ pixels: Range<Int>) -> Void
  ) throws {
    let threads = workspace.pool.threadCount
    let bands = scorer.bands(0..<size.height)
    let scratch = scorer.scratch(bands, columns: 0..<size.width)
    let width = MaskSampler.patch.width
    let loop = LoopCheckpoint(checkpoint)
    workspace.scope {
      let bounds = workspace.matrix(2 * threads, scratch.inputs)
      let space = workspace.matrix(threads, scratch.count)
      let chosen = workspace.matrix(threads, classes * scratch.inputs)
      let scores = workspace.matrix(threads, classes * width)
      workspace.pool.run(bands.count) { part, worker in
        guard loop.passes() else { return }
        withUnsafeTemporaryAllocation(of: Int.self, capacity: classes) { found in
          for start in stride(from: 0, to: size.width, by: width) {
            let columns = start..<min(start + width, size.width)
            let patch = scorer.patch(
              rows: bands[part], columns: columns, space: space.row(worker), scratch)
            let count = scorer.leadingClasses(
              of: patch, lower: bounds.row(2 * worker), upper: bounds.row(2 * worker + 1),
              into: found.baseAddress!)
            let numbers = UnsafeBufferPointer(rebasing: found[..<count])
            let weights = Matrix(chosen.row(worker), rows: count, columns: patch.weights.columns)
            for (index, number) in numbers.enumerated() {
              weights.row(index).update(from: patch.weights.row(number), count: weights.columns)
            }
            let result = Matrix(scores.row(worker), rows: count, columns: columns.count)
            for row in bands[part] {
              // [D, columns], then [classes, columns]
              GEMM.multiply(weights, scorer.inputs(of: patch, row: row), .plain, into: result)
              let first = row * size.width + start
              body(result, numbers, first..<first + columns.count)
            }
          }
        }
      }
    }
    try loop.finish()
  }
}
