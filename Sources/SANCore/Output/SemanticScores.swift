/// Scores of classes at each pixel of the photo, made a strip of pixels at a time:
/// `score(class, pixel) = Σ_q p(q, class)·σ(mask_q(pixel))`.
///
/// Masks are resized bilinearly to the padded image, cropped to the photo's part of it, and resized again to
/// the photo's own size. Nothing of size `Q×H×W` or `K×H×W` exists at any time. Scores are not probabilities:
/// they can exceed 1.
///
/// Both resizes of an axis are one linear map of few grid cells. Down a column it is applied to the grid itself,
/// along a row it is a matrix product.
public struct SemanticScores: Sendable {
  /// The photo's size.
  public let size: Grid
  /// The number of classes K.
  public let classes: Int

  private let masks: Tensor  // [Q, h, w]
  private let grid: Grid
  private let weights: Tensor  // [K, Q]
  private let rows: TwoStepAxis
  private let columns: TwoStepAxis
  private let columnMap: Tensor  // [w, width]

  /// Pixels of one strip: its scores stay in a core's cache.
  private static let strip = 480
  /// Pixels that are interpolated at a time: they lie between few cells.
  private static let patch = 96

  /// Scores at `size` for the proposals of an image whose unpadded part is `cropped`.
  ///
  /// `probabilities` is `[Q, K]`.
  public init(_ proposals: MaskProposals, probabilities: Tensor, cropped: Grid, size: Grid) {
    let (queries, classes) = (probabilities.shape[0], probabilities.shape[1])
    precondition(queries == proposals.logits.shape[0], "one row a proposal")
    precondition(
      cropped.height <= proposals.imageSize.height && cropped.width <= proposals.imageSize.width,
      "the photo lies within the padded image")
    self.size = size
    self.classes = classes
    masks = proposals.logits
    grid = proposals.grid
    weights = probabilities.withUnsafeBufferPointer { probabilities in
      Tensor(shape: [classes, queries]) { out in
        for index in 0..<classes {
          for query in 0..<queries { out[index * queries + query] = probabilities[query * classes + index] }
        }
      }
    }
    rows = TwoStepAxis(
      BilinearAxis(input: grid.height, output: proposals.imageSize.height),
      BilinearAxis(input: cropped.height, output: size.height))
    let columns = TwoStepAxis(
      BilinearAxis(input: grid.width, output: proposals.imageSize.width),
      BilinearAxis(input: cropped.width, output: size.width))
    self.columns = columns
    columnMap = Tensor(shape: [grid.width, size.width]) { out in
      out.update(repeating: 0)
      for x in 0..<size.width {
        for (cell, weight) in columns.taps(x) { out[cell * size.width + x] += weight }
      }
    }
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
    let queries = weights.shape[1]
    let pool = workspace.pool
    workspace.scope {
      let strip = SemanticScores.strip
      let cells = workspace.matrix(pool.threadCount * queries, grid.width)
      let sigmoids = workspace.matrix(pool.threadCount * queries, strip)
      let scores = workspace.matrix(pool.threadCount * classes, strip)
      pool.run(rows.count) { part, worker in
        let row = rows.lowerBound + part
        let cells = cells.rows(worker * queries..<(worker + 1) * queries)  // [Q, w]
        fillCells(cells, row: row)
        for start in stride(from: 0, to: size.width, by: strip) {
          let columns = start..<min(start + strip, size.width)
          let inside = sigmoids.rows(worker * queries..<(worker + 1) * queries).columns(0..<columns.count)
          let result = scores.rows(worker * classes..<(worker + 1) * classes).columns(0..<columns.count)
          fillSigmoids(inside, cells: cells, columns: columns)  // [Q, columns]
          GEMM.multiply(weights.matrix, inside, .plain, into: result)  // [K, columns]
          body(row, columns, result)
        }
      }
    }
  }

  /// Each query's mask on the grid's columns, at the height of row `row` of the photo: `[Q, w]`.
  private func fillCells(_ out: Matrix, row: Int) {
    let taps = rows.taps(row)
    let ((a, wa), (b, wb), (c, wc), (d, wd)) = (taps[0], taps[1], taps[2], taps[3])
    masks.withUnsafeBufferPointer { masks in
      for query in 0..<out.rows {
        let mask = masks.baseAddress! + query * grid.count
        let (a, b) = (mask + a * grid.width, mask + b * grid.width)
        let (c, d) = (mask + c * grid.width, mask + d * grid.width)
        let target = out.row(query)
        for x in 0..<out.columns { target[x] = (a[x] * wa + b[x] * wb) + (c[x] * wc + d[x] * wd) }
      }
    }
  }

  /// Each query's mask at the photo's pixels `columns` of a row: `[Q, columns]`.
  private func fillSigmoids(_ out: Matrix, cells: Matrix, columns: Range<Int>) {
    for start in stride(from: columns.lowerBound, to: columns.upperBound, by: SemanticScores.patch) {
      let patch = start..<min(start + SemanticScores.patch, columns.upperBound)
      let near = self.columns.cells(patch)
      let map = columnMap.matrix.rows(near).columns(patch)  // [near, patch]
      let target = out.columns(start - columns.lowerBound..<patch.upperBound - columns.lowerBound)
      GEMM.multiply(cells.columns(near), map, .plain, into: target)
    }
    for query in 0..<out.rows { VectorMath.sigmoid(out.row(query), out.columns) }
  }
}

/// Two bilinear resizes of one axis, one after the other: each sample comes from at most four cells.
private struct TwoStepAxis: Sendable {
  private let first: BilinearAxis
  private let second: BilinearAxis

  /// `second` resizes the leading samples of what `first` makes.
  init(_ first: BilinearAxis, _ second: BilinearAxis) { (self.first, self.second) = (first, second) }

  /// The cells that sample `index` is made of, and their weights, whose sum is 1.
  func taps(_ index: Int) -> [(cell: Int, weight: Float)] {
    var taps: [(cell: Int, weight: Float)] = []
    let upper = second.weight[index]
    for (middle, weight) in [(second.lower[index], 1 - upper), (second.upper[index], upper)] {
      taps.append((first.lower[middle], weight * (1 - first.weight[middle])))
      taps.append((first.upper[middle], weight * first.weight[middle]))
    }
    return taps
  }

  /// All cells that the samples `range` are made of.
  func cells(_ range: Range<Int>) -> Range<Int> {
    first.lower[second.lower[range.lowerBound]]..<first.upper[second.upper[range.upperBound - 1]] + 1
  }
}
