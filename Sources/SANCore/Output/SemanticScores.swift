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
    workspace: Workspace, _ body: @Sendable (_ row: Int, _ columns: Range<Int>, _ scores: Matrix) -> Void
  ) {
    forEachStrip(of: nil, workspace: workspace) { body($0, $1, $3) }
  }

  /// Calls `body` for every strip of the photo, as ``forEachStrip(workspace:_:)`` does, with the scores of those classes
  /// alone that can be the highest of any of its pixels: `scores` is `[classes.count, columns.count]`. These scores are the
  /// same, and each pixel's highest is among them; of many classes few are.
  public func forEachLeadingStrip(
    workspace: Workspace,
    _ body:
      @Sendable (
        _ row: Int, _ columns: Range<Int>, _ classes: UnsafeBufferPointer<Int>, _ scores: Matrix
      ) -> Void
  ) {
    forEachStrip(of: LeadingClasses(weights), workspace: workspace, body)
  }

  /// Strips of all classes, or of those that `leading` finds.
  private func forEachStrip(
    of leading: LeadingClasses?, workspace: Workspace,
    _ body:
      @Sendable (
        _ row: Int, _ columns: Range<Int>, _ classes: UnsafeBufferPointer<Int>, _ scores: Matrix
      ) -> Void
  ) {
    let (queries, pool, threads) = (masks.queries, workspace.pool, workspace.pool.threadCount)
    let bands = masks.bands(0..<size.height)
    let cells = bands.map(masks.rowCells)  // of the grid's rows
    let width = MaskSampler.patch.width
    workspace.scope {
      let (lower, upper) = (workspace.matrix(threads, queries), workspace.matrix(threads, queries))
      let gridRows = workspace.matrix(threads, (cells.map(\.count).max() ?? 0) * queries * width)
      let sigmoids = workspace.matrix(threads, queries * width)
      let chosen = workspace.matrix(threads, leading == nil ? 0 : classes * queries)
      let scores = workspace.matrix(threads, classes * width)
      pool.run(bands.count) { part, worker in
        withUnsafeTemporaryAllocation(of: Int.self, capacity: classes) { found in
          _ = found.initialize(from: 0..<classes)
          for start in stride(from: 0, to: size.width, by: width) {
            let columns = start..<min(start + width, size.width)
            var (numbers, weights) = (UnsafeBufferPointer(found), self.weights.matrix)
            if let leading {
              let (lower, upper) = (lower.row(worker), upper.row(worker))
              masks.bounds(rows: cells[part], columns: masks.columnCells(columns), lower: lower, upper: upper)
              let count = leading.find(lower: lower, upper: upper, into: found.baseAddress!)
              numbers = UnsafeBufferPointer(rebasing: found[..<count])
              let rows = Matrix(chosen.row(worker), rows: count, columns: queries)
              for (index, number) in numbers.enumerated() {
                rows.row(index).update(from: self.weights.matrix.row(number), count: queries)
              }
              weights = rows.readOnly
            }
            let edges = Matrix(
              gridRows.row(worker), rows: cells[part].count * queries, columns: columns.count)
            let inside = Matrix(sigmoids.row(worker), rows: queries, columns: columns.count)
            let result = Matrix(scores.row(worker), rows: numbers.count, columns: columns.count)
            masks.fillGridRows(edges, cells: cells[part], columns: columns)  // [rows·Q, columns]
            for row in bands[part] {
              // [Q, columns], then [classes, columns]
              masks.fillSigmoids(inside, row: row, gridRows: edges, first: cells[part].lowerBound)
              GEMM.multiply(weights, inside, .plain, into: result)
              body(row, columns, numbers, result)
            }
          }
        }
      }
    }
  }
}
