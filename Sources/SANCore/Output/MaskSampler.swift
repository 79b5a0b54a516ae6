/// Masks at the photo's pixels, a patch at a time: resized bilinearly to the padded picture that the network saw, cropped to
/// the photo's part of it, and resized again to the photo's own size.
///
/// Both resizes of an axis are one linear map of few grid cells. Along the rows of a patch it is a matrix product, made once
/// for each row of the grid that the patch touches; a row of pixels is then a blend of two or three of these.
package struct MaskSampler: Sendable {
  /// Masks.
  package let queries: Int
  /// Rows and columns of a mask.
  package let grid: Grid

  private let masks: Tensor  // [Q, h, w]
  private let rows: TwoStepAxis
  private let rowTaps: [[TwoStepAxis.Tap]]  // of each sample of a column
  private let columns: TwoStepAxis
  private let columnMap: Tensor  // [w, sampled columns]

  /// The largest patch: its masks stay in a core's cache, and lie between few cells.
  package static let patch = Grid(height: 16, width: 96)

  /// Samples `proposals` where `rows` and `columns` say: positions in the padded picture.
  package init(_ proposals: MaskProposals, rows: BilinearAxis, columns: BilinearAxis) {
    masks = proposals.logits
    grid = proposals.grid
    queries = proposals.logits.shape[0]
    let down = TwoStepAxis(
      BilinearAxis(input: grid.height, output: proposals.imageSize.height), rows)
    self.rows = down
    rowTaps = (0..<rows.count).map(down.taps)
    let both = TwoStepAxis(
      BilinearAxis(input: grid.width, output: proposals.imageSize.width), columns)
    self.columns = both
    columnMap = Tensor(shape: [grid.width, columns.count]) { out in
      out.update(repeating: 0)
      for x in 0..<columns.count {
        for (cell, weight) in both.taps(x) { out[cell * columns.count + x] += weight }
      }
    }
  }

  /// The grid's columns that the samples `range` of a row are made of.
  func columnCells(_ range: Range<Int>) -> Range<Int> { columns.cells(range) }

  /// The grid's rows that the samples `range` of a column are made of.
  package func rowCells(_ range: Range<Int>) -> Range<Int> { rows.cells(range) }

  /// The rows `range` in patches' heights: as many as lie between the same two rows of the grid, or where that is fine, 4.
  package func bands(_ range: Range<Int>) -> [Range<Int>] {
    var bands: [Range<Int>] = []
    for row in range {
      if let last = bands.last,
        last.count < 4
          || last.count < MaskSampler.patch.height && rowCells(last.lowerBound..<row + 1).count <= 2
      {
        bands[bands.count - 1] = last.lowerBound..<row + 1
      } else {
        bands.append(row..<row + 1)
      }
    }
    return bands
  }

  /// What each query's sigmoid is between at all samples that are made of the grid's `rows` and `columns`, `[Q]` each, the
  /// rounding of a sample included.
  func bounds(
    rows: Range<Int>, columns: Range<Int>, lower: UnsafeMutablePointer<Float>,
    upper: UnsafeMutablePointer<Float>
  ) {
    masks.withUnsafeBufferPointer { masks in
      for query in 0..<queries {
        var (least, most) = (Float.infinity, -Float.infinity)
        for y in rows {
          let row = masks.baseAddress! + query * grid.count + y * grid.width
          for x in columns {
            least = row[x] < least ? row[x] : least
            most = row[x] > most ? row[x] : most
          }
        }
        let rounding = max(abs(least), abs(most)) * 0x1p-20
        (lower[query], upper[query]) = (least - rounding, most + rounding)
      }
    }
    VectorMath.sigmoid(lower, queries)
    VectorMath.sigmoid(upper, queries)
  }

  /// Each query's mask at the samples `range` of the grid's rows `cells`: `[rows·Q, range.count]`, a row of the grid after
  /// the other.
  package func fillGridRows(_ out: Matrix, cells: Range<Int>, columns range: Range<Int>) {
    let near = columns.cells(range)
    let map = columnMap.matrix.rows(near).columns(range)  // [near, columns]
    for (index, y) in cells.enumerated() {
      let start = y * grid.width + near.lowerBound
      GEMM.multiply(
        masks.matrix.columns(start..<start + near.count), map, .plain,
        into: out.rows(index * queries..<(index + 1) * queries))
    }
    withExtendedLifetime((masks, columnMap)) {}
  }

  /// The sigmoid of each query's mask at sample `row` of the columns that `gridRows` was filled for, from `first` on of the
  /// grid's rows: `[Q, columns]`.
  package func fillSigmoids(_ out: Matrix, row: Int, gridRows: Matrix, first: Int) {
    let taps = rowTaps[row]
    let ((a, weightA), (b, weightB)) = (taps[0], taps.count > 1 ? taps[1] : (taps[0].cell, 0))
    for query in 0..<queries {
      let target = out.row(query)
      let near = (gridRows.row((a - first) * queries + query), gridRows.row((b - first) * queries + query))
      for x in 0..<out.columns { target[x] = near.0[x] * weightA + near.1[x] * weightB }
      for (cell, weight) in taps.dropFirst(2) {
        let source = gridRows.row((cell - first) * queries + query)
        for x in 0..<out.columns { target[x] += source[x] * weight }
      }
      VectorMath.sigmoid(target, out.columns)
    }
  }

  /// `[Q, K]` as `[K, Q]`, so that scores are a product with masks.
  package static func classWeights(_ probabilities: Tensor) -> Tensor {
    let (queries, classes) = (probabilities.shape[0], probabilities.shape[1])
    return probabilities.withUnsafeBufferPointer { probabilities in
      Tensor(shape: [classes, queries]) { out in
        for index in 0..<classes {
          for query in 0..<queries { out[index * queries + query] = probabilities[query * classes + index] }
        }
      }
    }
  }
}

/// Two bilinear resizes of one axis, one after the other: each sample comes from at most four cells.
private struct TwoStepAxis: Sendable {
  private let first: BilinearAxis
  private let second: BilinearAxis

  /// `second` samples what `first` makes.
  init(_ first: BilinearAxis, _ second: BilinearAxis) { (self.first, self.second) = (first, second) }

  /// A cell, and its part in a sample.
  typealias Tap = (cell: Int, weight: Float)

  /// The cells that sample `index` is made of, each once, and their weights, whose sum is 1.
  func taps(_ index: Int) -> [Tap] {
    var taps: [Tap] = []
    func add(_ cell: Int, _ weight: Float) {
      if let known = taps.firstIndex(where: { $0.cell == cell }) {
        taps[known].weight += weight
      } else if weight != 0 || taps.isEmpty {
        taps.append((cell, weight))
      }
    }
    let upper = second.weight[index]
    for (middle, weight) in [(second.lower[index], 1 - upper), (second.upper[index], upper)] {
      add(first.lower[middle], weight * (1 - first.weight[middle]))
      add(first.upper[middle], weight * first.weight[middle])
    }
    return taps
  }

  /// All cells that the samples `range` are made of. Positions rise, or fall, with the samples.
  func cells(_ range: Range<Int>) -> Range<Int> {
    let ends = [range.lowerBound, range.upperBound - 1]
    let lowest = ends.map { first.lower[second.lower[$0]] }.min()!
    let highest = ends.map { first.upper[second.upper[$0]] }.max()!
    return lowest..<highest + 1
  }
}
