/// Masks at the photo's pixels, a patch at a time.
///
/// Along the rows of a patch the resize is a matrix product, made once for each row of the grid that the patch touches; a row of
/// pixels is then a blend of two or three of these.
package struct MaskSampler: Sendable {
  /// Masks.
  package let queries: Int
  /// Where pixels lie on the grid of masks.
  let sampler: GridSampler

  private let masks: Tensor  // [Q, h, w]

  /// The largest patch: its masks stay in a core's cache, and lie between few cells.
  package static let patch = Grid(height: 16, width: 96)

  /// Samples `proposals` where `rows` and `columns` say: positions in the padded picture.
  package init(_ proposals: MaskProposals, rows: BilinearAxis, columns: BilinearAxis) {
    masks = proposals.logits
    queries = proposals.logits.shape[0]
    sampler = GridSampler(
      proposals.grid, imageSize: proposals.imageSize, rows: rows, columns: columns)
  }

  private var grid: Grid { sampler.grid }

  /// The grid's columns that the samples `range` of a row are made of.
  func columnCells(_ range: Range<Int>) -> Range<Int> { sampler.columnCells(range) }

  /// The grid's rows that the samples `range` of a column are made of.
  package func rowCells(_ range: Range<Int>) -> Range<Int> { sampler.rowCells(range) }

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
    let near = columnCells(range)
    let map = sampler.columnMap.matrix.rows(near).columns(range)  // [near, columns]
    for (index, y) in cells.enumerated() {
      let start = y * grid.width + near.lowerBound
      GEMM.multiply(
        masks.matrix.columns(start..<start + near.count), map, .plain,
        into: out.rows(index * queries..<(index + 1) * queries))
    }
    withExtendedLifetime((masks, sampler)) {}
  }

  /// The sigmoid of each query's mask at sample `row` of the columns that `gridRows` was filled for, from `first` on of the
  /// grid's rows: `[Q, columns]`.
  package func fillSigmoids(_ out: Matrix, row: Int, gridRows: Matrix, first: Int) {
    let taps = sampler.rowTaps[row]
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
}
