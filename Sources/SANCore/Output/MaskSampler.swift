/// Masks at the photo's pixels, a row at a time: resized bilinearly to the padded picture that the network saw, cropped to
/// the photo's part of it, and resized again to the photo's own size.
///
/// Both resizes of an axis are one linear map of few grid cells. Down a column it is applied to the grid itself,
/// along a row it is a matrix product.
package struct MaskSampler: Sendable {
  /// Masks.
  package let queries: Int
  /// Rows and columns of a mask.
  package let grid: Grid

  private let masks: Tensor  // [Q, h, w]
  private let rows: TwoStepAxis
  private let columns: TwoStepAxis
  private let columnMap: Tensor  // [w, sampled columns]

  /// Pixels of a row that are interpolated at a time: they lie between few cells.
  package static let patch = 96

  /// Samples `proposals` where `rows` and `columns` say: positions in the padded picture.
  package init(_ proposals: MaskProposals, rows: BilinearAxis, columns: BilinearAxis) {
    masks = proposals.logits
    grid = proposals.grid
    queries = proposals.logits.shape[0]
    self.rows = TwoStepAxis(
      BilinearAxis(input: grid.height, output: proposals.imageSize.height), rows)
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
  package func cells(_ range: Range<Int>) -> Range<Int> { columns.cells(range) }

  /// The grid's rows that the samples `range` of a column are made of.
  func rowCells(_ range: Range<Int>) -> Range<Int> { rows.cells(range) }

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

  /// Each query's mask on the grid's columns `range`, at the height of sample `row`: `[Q, w]`, its other columns left.
  package func fillCells(_ out: Matrix, row: Int, columns range: Range<Int>) {
    let taps = rows.taps(row)
    let ((a, wa), (b, wb), (c, wc), (d, wd)) = (taps[0], taps[1], taps[2], taps[3])
    masks.withUnsafeBufferPointer { masks in
      for query in 0..<out.rows {
        let mask = masks.baseAddress! + query * grid.count
        let (a, b) = (mask + a * grid.width, mask + b * grid.width)
        let (c, d) = (mask + c * grid.width, mask + d * grid.width)
        let target = out.row(query)
        for x in range { target[x] = (a[x] * wa + b[x] * wb) + (c[x] * wc + d[x] * wd) }
      }
    }
  }

  /// The sigmoid of each query's mask at the samples `range` of a row: `[Q, range.count]`.
  package func fillSigmoids(_ out: Matrix, cells: Matrix, columns range: Range<Int>) {
    for start in stride(from: range.lowerBound, to: range.upperBound, by: MaskSampler.patch) {
      let patch = start..<min(start + MaskSampler.patch, range.upperBound)
      let near = columns.cells(patch)
      let map = columnMap.matrix.rows(near).columns(patch)  // [near, patch]
      let target = out.columns(start - range.lowerBound..<patch.upperBound - range.lowerBound)
      GEMM.multiply(cells.columns(near), map, .plain, into: target)
    }
    for query in 0..<out.rows { VectorMath.sigmoid(out.row(query), out.columns) }
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

  /// All cells that the samples `range` are made of. Positions rise, or fall, with the samples.
  func cells(_ range: Range<Int>) -> Range<Int> {
    let ends = [range.lowerBound, range.upperBound - 1]
    let lowest = ends.map { first.lower[second.lower[$0]] }.min()!
    let highest = ends.map { first.upper[second.upper[$0]] }.max()!
    return lowest..<highest + 1
  }
}
