/// Scores of classes at each pixel of the photo, made a strip of pixels at a time:
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

  /// Pixels of one strip: its scores stay in a core's cache.
  package static let strip = 480

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

  /// Calls `body` for every strip of the photo, on several threads at once: `scores` is `[K, columns.count]`, for
  /// the pixels `columns` of row `row`, and is valid during the call.
  public func forEachStrip(
    workspace: Workspace, _ body: (_ row: Int, _ columns: Range<Int>, _ scores: Matrix) -> Void
  ) {
    forEachStrip(rows: 0..<size.height, workspace: workspace, body)
  }

  /// As ``forEachStrip(workspace:_:)``, for the photo's rows `rows` alone.
  public func forEachStrip(
    rows: Range<Int>, workspace: Workspace,
    _ body: (_ row: Int, _ columns: Range<Int>, _ scores: Matrix) -> Void
  ) {
    let queries = masks.queries
    let pool = workspace.pool
    workspace.scope {
      let strip = SemanticScores.strip
      let cells = workspace.matrix(pool.threadCount * queries, masks.grid.width)
      let sigmoids = workspace.matrix(pool.threadCount * queries, strip)
      let scores = workspace.matrix(pool.threadCount * classes, strip)
      pool.run(rows.count) { part, worker in
        let row = rows.lowerBound + part
        let cells = cells.rows(worker * queries..<(worker + 1) * queries)  // [Q, w]
        masks.fillCells(cells, row: row, columns: 0..<masks.grid.width)
        for start in stride(from: 0, to: size.width, by: strip) {
          let columns = start..<min(start + strip, size.width)
          let inside = sigmoids.rows(worker * queries..<(worker + 1) * queries).columns(0..<columns.count)
          let result = scores.rows(worker * classes..<(worker + 1) * classes).columns(0..<columns.count)
          masks.fillSigmoids(inside, cells: cells, columns: columns)  // [Q, columns]
          GEMM.multiply(weights.matrix, inside, .plain, into: result)  // [K, columns]
          body(row, columns, result)
        }
      }
    }
  }

  /// Calls `body` for every strip of the photo, as ``forEachStrip(workspace:_:)`` does, with the scores of those classes
  /// alone that can be the highest of any of its pixels: `scores` is `[classes.count, columns.count]`. These scores are the
  /// same, and each pixel's highest is among them; of many classes few are.
  public func forEachLeadingStrip(
    workspace: Workspace,
    _ body: (_ row: Int, _ columns: Range<Int>, _ classes: UnsafeBufferPointer<Int>, _ scores: Matrix) -> Void
  ) {
    let queries = masks.queries
    let pool = workspace.pool
    let bands = self.bands
    let leading = LeadingClasses(weights)
    workspace.scope {
      let patch = MaskSampler.patch
      let threads = pool.threadCount
      let bounds = workspace.matrix(threads * 2, queries)
      let cells = workspace.matrix(threads * queries, masks.grid.width)
      let sigmoids = workspace.matrix(threads * queries, patch)
      let chosen = workspace.matrix(threads * classes, queries)
      let scores = workspace.matrix(threads * classes, patch)
      pool.run(bands.count) { part, worker in
        let cells = cells.rows(worker * queries..<(worker + 1) * queries)  // [Q, w]
        let (lower, upper) = (bounds.row(2 * worker), bounds.row(2 * worker + 1))
        withUnsafeTemporaryAllocation(of: Int.self, capacity: classes) { found in
          for start in stride(from: 0, to: size.width, by: patch) {
            let columns = start..<min(start + patch, size.width)
            let near = masks.cells(columns)
            masks.bounds(rows: masks.rowCells(bands[part]), columns: near, lower: lower, upper: upper)
            let count = leading.find(lower: lower, upper: upper, into: found.baseAddress!)
            let own = worker * classes..<worker * classes + count
            let (weights, result) = (chosen.rows(own), scores.rows(own).columns(0..<columns.count))
            for index in 0..<count {
              weights.row(index).update(from: self.weights.matrix.row(found[index]), count: queries)
            }
            let inside = sigmoids.rows(worker * queries..<(worker + 1) * queries).columns(0..<columns.count)
            for row in bands[part] {
              masks.fillCells(cells, row: row, columns: near)
              masks.fillSigmoids(inside, cells: cells, columns: columns)  // [Q, columns]
              GEMM.multiply(weights, inside, .plain, into: result)  // [count, columns]
              body(row, columns, UnsafeBufferPointer(rebasing: found[..<count]), result)
            }
          }
        }
      }
    }
  }

  /// The photo's rows in bands: up to 16 that lie between the same two rows of the grid, or where that is fine, 4.
  private var bands: [Range<Int>] {
    var bands: [Range<Int>] = []
    for row in 0..<size.height {
      if let last = bands.last,
        last.count < 4 || last.count < 16 && masks.rowCells(last.lowerBound..<row + 1).count <= 2
      {
        bands[bands.count - 1] = last.lowerBound..<row + 1
      } else {
        bands.append(row..<row + 1)
      }
    }
    return bands
  }
}
