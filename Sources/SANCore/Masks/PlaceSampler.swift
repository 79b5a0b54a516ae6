/// What CLIP's place tokens give classes, at the photo's pixels: between the places it is interpolated.
///
/// At a pixel few places have weight, so that they are a few more inputs of the product that makes scores of masks.
struct PlaceSampler: Sendable {
  /// Places in rows and columns.
  struct Cells: Sendable {
    let rows, columns: Range<Int>
    var count: Int { rows.count * columns.count }
  }

  private let sampler: GridSampler
  private let scores: Tensor  // [K, h·w]

  /// Of the places' `scores`, `[h·w, K]`, on `grid` of a padded picture of `imageSize`, at `rows` and `columns` of it.
  init(_ scores: Tensor, grid: Grid, imageSize: Grid, rows: BilinearAxis, columns: BilinearAxis) {
    precondition(scores.shape[0] == grid.count, "scores of every place")
    self.scores = Weight(scores).transposed.tensor
    sampler = GridSampler(grid, imageSize: imageSize, rows: rows, columns: columns)
  }

  /// The places that the samples of `rows` and `columns` are made of.
  func cells(rows: Range<Int>, columns: Range<Int>) -> Cells {
    Cells(rows: sampler.rowCells(rows), columns: sampler.columnCells(columns))
  }

  /// Writes a class's scores at `cells`, row by row.
  func copy(_ index: Int, _ cells: Cells, into target: UnsafeMutablePointer<Float>) {
    var target = target
    scores.withUnsafeBufferPointer { scores in
      for row in cells.rows {
        let start = index * sampler.grid.count + row * sampler.grid.width + cells.columns.lowerBound
        target.update(from: scores.baseAddress! + start, count: cells.columns.count)
        target += cells.columns.count
      }
    }
  }

  /// Writes the weights of `cells` at the samples `columns` of row `row`: `[cells.count, columns.count]`.
  func fillWeights(_ out: Matrix, _ cells: Cells, row: Int, columns: Range<Int>) {
    let across = sampler.columnMap.matrix
    for (index, y) in cells.rows.enumerated() {
      let down = sampler.rowTaps[row].first { $0.cell == y }?.weight ?? 0
      for (offset, x) in cells.columns.enumerated() {
        let target = out.row(index * cells.columns.count + offset)
        let source = across.row(x) + columns.lowerBound
        for sample in 0..<columns.count { target[sample] = source[sample] * down }
      }
    }
    withExtendedLifetime(sampler) {}
  }
}
