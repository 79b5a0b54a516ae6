/// Scores of classes at each pixel of the photo, made a few rows of pixels at a time:
/// `score(class, pixel) = Σ_q p(q, class)·σ(mask_q(pixel))`.
///
/// Masks are resized bilinearly to the padded image, cropped to the photo's part of it, and resized again to
/// the photo's own size. Nothing of size `Q×H×W` or `K×H×W` exists at any time. Scores are not probabilities:
/// they can exceed 1.
public struct SemanticScores: Sendable {
  /// The photo's size.
  public let size: Grid
  /// The number of classes K.
  public let classes: Int

  private let masks: MaskSampler
  private let weights: Tensor  // [K, Q]

  /// Scores at `size` for the proposals of an image whose unpadded part is `cropped`.
  ///
  /// `probabilities` is `[Q, K]`.
  public init(_ proposals: MaskProposals, probabilities: Tensor, cropped: Grid, size: Grid) {
    precondition(probabilities.shape[0] == proposals.logits.shape[0], "one row a proposal")
    precondition(
      cropped.height <= proposals.imageSize.height && cropped.width <= proposals.imageSize.width,
      "the photo lies within the padded image")
    self.size = size
    classes = probabilities.shape[1]
    weights = MaskSampler.classWeights(probabilities)
    masks = MaskSampler(
      proposals, rows: BilinearAxis(input: cropped.height, output: size.height),
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
    let (queries, threads) = (masks.queries, workspace.pool.threadCount)
    let size = ScoreBand.size(width: size.width, classes: classes)
    let bands = masks.bands(0..<self.size.height).flatMap {
      ScoreBand.bands(of: $0, width: self.size.width, classes: classes)
    }
    let cells = bands.map { masks.rowCells($0.rows) }  // of the grid's rows
    let width = MaskSampler.patch.width
    let loop = LoopCheckpoint(checkpoint)
    workspace.scope {
      let gridRows = workspace.matrix(threads, (cells.map(\.count).max() ?? 0) * queries * width)
      let sigmoids = workspace.matrix(threads, queries * width)
      let scores = workspace.matrix(threads, classes * size.count)
      workspace.pool.run(bands.count) { part, worker in
        guard loop.passes() else { return }
        let (band, cells) = (bands[part], cells[part])
        let result = Matrix(scores.row(worker), rows: classes, columns: band.pixels.count)
        for columns in band.patchColumns {
          let edges = Matrix(gridRows.row(worker), rows: cells.count * queries, columns: columns.count)
          let inside = Matrix(sigmoids.row(worker), rows: queries, columns: columns.count)
          masks.fillGridRows(edges, cells: cells, columns: columns)  // [rows·Q, columns]
          for row in band.rows {
            // [Q, columns], then [K, columns]
            masks.fillSigmoids(inside, row: row, gridRows: edges, first: cells.lowerBound)
            GEMM.multiply(
              weights.matrix, inside, .plain, into: result.columns(band.places(row: row, columns: columns)))
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
    let (queries, threads) = (masks.queries, workspace.pool.threadCount)
    let leading = LeadingClasses(weights)
    let bands = masks.bands(0..<size.height)
    let cells = bands.map(masks.rowCells)  // of the grid's rows
    let width = MaskSampler.patch.width
    let loop = LoopCheckpoint(checkpoint)
    workspace.scope {
      let (lower, upper) = (workspace.matrix(threads, queries), workspace.matrix(threads, queries))
      let gridRows = workspace.matrix(threads, (cells.map(\.count).max() ?? 0) * queries * width)
      let sigmoids = workspace.matrix(threads, queries * width)
      let chosen = workspace.matrix(threads, classes * queries)
      let scores = workspace.matrix(threads, classes * width)
      workspace.pool.run(bands.count) { part, worker in
        guard loop.passes() else { return }
        let cells = cells[part]
        withUnsafeTemporaryAllocation(of: Int.self, capacity: classes) { found in
          for start in stride(from: 0, to: size.width, by: width) {
            let columns = start..<min(start + width, size.width)
            masks.bounds(
              rows: cells, columns: masks.columnCells(columns), lower: lower.row(worker),
              upper: upper.row(worker))
            let count = leading.find(
              lower: lower.row(worker), upper: upper.row(worker), into: found.baseAddress!)
            let numbers = UnsafeBufferPointer(rebasing: found[..<count])
            let weights = Matrix(chosen.row(worker), rows: count, columns: queries)
            for (index, number) in numbers.enumerated() {
              weights.row(index).update(from: self.weights.matrix.row(number), count: queries)
            }
            let edges = Matrix(gridRows.row(worker), rows: cells.count * queries, columns: columns.count)
            let inside = Matrix(sigmoids.row(worker), rows: queries, columns: columns.count)
            let result = Matrix(scores.row(worker), rows: count, columns: columns.count)
            masks.fillGridRows(edges, cells: cells, columns: columns)  // [rows·Q, columns]
            for row in bands[part] {
              // [Q, columns], then [classes, columns]
              masks.fillSigmoids(inside, row: row, gridRows: edges, first: cells.lowerBound)
              GEMM.multiply(weights, inside, .plain, into: result)
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
