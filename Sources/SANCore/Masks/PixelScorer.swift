/// Scores of classes at pixels as a product: `[K, D]` of what each input gives every class, times `[D, pixels]` of the inputs.
///
/// The inputs of a patch of pixels are the sigmoids of all masks and, in a hybrid model, the weights of the few places between
/// which the patch lies. Every score is the same to the last bit, whatever classes are scored with it.
package struct PixelScorer: Sendable {
  /// K
  package let classes: Int
  private let masks: MaskSampler
  private let weights: Tensor  // [K, Q]
  private let largest: [Float]  // of each query's weights
  private let places: PlaceSampler?

  /// Scores at `rows` and `columns` of the padded picture of `proposals`.
  package init(
    _ proposals: MaskProposals, _ scores: ClassScores, rows: BilinearAxis, columns: BilinearAxis
  ) {
    precondition(scores.masks.shape[0] == proposals.logits.shape[0], "one row a proposal")
    classes = scores.masks.shape[1]
    masks = MaskSampler(proposals, rows: rows, columns: columns)
    weights = Weight(scores.masks).transposed.tensor  // [K, Q]
    largest = (0..<scores.masks.shape[0]).map { query in
      scores.masks.rows(query..<query + 1).values.max() ?? 0
    }
    places = scores.places.flatMap { scores in
      proposals.places.map {
        PlaceSampler(
          scores, grid: $0.grid, imageSize: proposals.imageSize, rows: rows, columns: columns)
      }
    }
  }

  /// The rows `range` in patches' heights.
  package func bands(_ range: Range<Int>) -> [Range<Int>] { masks.bands(range) }

  /// Scratch memory for patches of some rows, in floats.
  package struct Scratch: Sendable {
    /// The masks at the grid's rows.
    fileprivate let gridRows: Int
    /// Inputs of the product.
    package let inputs: Int
    /// What they give the classes.
    fileprivate let weights: Int
    /// All of it.
    package var count: Int { gridRows + inputs * MaskSampler.patch.width + weights }
  }

  /// What the patches of the bands `rows` take at most, which start at every patch's width of `columns`.
  package func scratch(_ bands: [Range<Int>], columns: Range<Int>) -> Scratch {
    let rows = bands.map { masks.rowCells($0).count }.max() ?? 0
    var inputs = masks.queries
    if let places {
      let width = MaskSampler.patch.width
      let across = stride(from: columns.lowerBound, to: columns.upperBound, by: width).map {
        places.cells(rows: 0..<1, columns: $0..<min($0 + width, columns.upperBound)).columns.count
      }
      let down = bands.map { places.cells(rows: $0, columns: columns.lowerBound..<columns.lowerBound + 1) }
      inputs += (across.max() ?? 0) * (down.map(\.rows.count).max() ?? 0)
    }
    return Scratch(
      gridRows: rows * masks.queries * MaskSampler.patch.width, inputs: inputs,
      weights: places == nil ? 0 : classes * inputs)
  }

  /// A patch of pixels made ready to be scored.
  package struct Patch {
    /// The samples of a row.
    package let columns: Range<Int>
    fileprivate let rows: Range<Int>
    fileprivate let firstRow: Int  // of the grid of masks
    fileprivate let gridRows: Matrix  // [rows·Q, columns]
    fileprivate let cells: PlaceSampler.Cells?
    /// What the inputs give every class, `[K, D]`.
    package let weights: ConstMatrix
    fileprivate let inputs: UnsafeMutablePointer<Float>
  }

  /// Makes the patch of `rows` and `columns` ready; `space` is its scratch memory, as much as ``scratch(_:columns:)`` says.
  package func patch(
    rows: Range<Int>, columns: Range<Int>, space: UnsafeMutablePointer<Float>, _ scratch: Scratch
  ) -> Patch {
    let near = masks.rowCells(rows)
    let gridRows = Matrix(space, rows: near.count * masks.queries, columns: columns.count)
    masks.fillGridRows(gridRows, cells: near, columns: columns)  // [rows·Q, columns]
    let inputs = space + scratch.gridRows
    let cells = places?.cells(rows: rows, columns: columns)
    var weights = self.weights.matrix
    if let places, let cells {
      let queries = masks.queries
      let both = Matrix(
        inputs + scratch.inputs * MaskSampler.patch.width, rows: classes, columns: queries + cells.count)
      for index in 0..<classes {
        both.row(index).update(from: weights.row(index), count: queries)
        places.copy(index, cells, into: both.row(index) + queries)
      }
      weights = both.readOnly
    }
    return Patch(
      columns: columns, rows: rows, firstRow: near.lowerBound, gridRows: gridRows, cells: cells,
      weights: weights, inputs: inputs)
  }

  /// The inputs at row `row` of a patch, `[D, columns]`, in its scratch memory.
  package func inputs(of patch: Patch, row: Int) -> Matrix {
    let inputs = Matrix(patch.inputs, rows: patch.weights.columns, columns: patch.columns.count)
    masks.fillSigmoids(
      inputs.rows(0..<masks.queries), row: row, gridRows: patch.gridRows, first: patch.firstRow)
    if let places, let cells = patch.cells {
      places.fillWeights(
        inputs.rows(masks.queries..<inputs.rows), cells, row: row, columns: patch.columns)
    }
    return inputs
  }

  /// Writes to `found`, `[K]`, in rising order, the classes that can have the highest score at a pixel of the patch; returns how
  /// many. `lower` and `upper` are scratch memory of as many floats as there are masks.
  ///
  /// Each mask's sigmoid lies between two bounds, and places share a weight of 1. A class is out where its lead over the class
  /// that is best in the middle stays below 0 for all that may be; rounding is allowed for.
  package func leadingClasses(
    of patch: Patch, lower: UnsafeMutablePointer<Float>, upper: UnsafeMutablePointer<Float>,
    into found: UnsafeMutablePointer<Int>
  ) -> Int {
    let (queries, weights) = (masks.queries, patch.weights)
    masks.bounds(
      rows: masks.rowCells(patch.rows), columns: masks.columnCells(patch.columns), lower: lower, upper: upper)
    // Every score is below this, and so its rounding, and that of a lead, below `tolerance`.
    var limit: Float = 0
    for query in 0..<queries { limit += largest[query] * upper[query] }
    let cells = queries..<weights.columns
    var most: Float = 0
    for index in 0..<classes {
      for cell in cells { most = max(most, weights.row(index)[cell]) }
    }
    let tolerance = (limit + most) * Float(weights.columns + 16) * 0x1p-21
    let (middle, half) = (lower, upper)
    for query in 0..<queries {
      (middle[query], half[query]) = ((lower[query] + upper[query]) / 2, (upper[query] - lower[query]) / 2)
    }

    var (best, bestScore) = (0, -Float.infinity)
    for index in 0..<classes {
      var score = VectorMath.dot(weights.row(index), middle, queries)
      for cell in cells { score += weights.row(index)[cell] / Float(cells.count) }
      if score > bestScore { (best, bestScore) = (index, score) }
    }
    var count = 0
    let leader = weights.row(best)
    for index in 0..<classes {
      let row = weights.row(index)
      var lead = VectorMath.largestDifference(row, leader, middle, half, queries)
      if var places = cells.first.map({ row[$0] - leader[$0] }) {
        for cell in cells.dropFirst() { places = max(places, row[cell] - leader[cell]) }
        lead += places
      }
      if lead < -tolerance { continue }
      found[count] = index
      count += 1
    }
    return count
  }
}
