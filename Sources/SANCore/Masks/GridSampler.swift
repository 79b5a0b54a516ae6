/// Where the photo's pixels lie on a grid of the network's, such as that of its masks: resized bilinearly to the padded picture that
/// the network saw, cropped to the photo's part of it, and resized again to the photo's own size.
///
/// Both resizes of an axis are one linear map of few grid cells.
struct GridSampler: Sendable {
  /// Rows and columns of the grid.
  let grid: Grid
  /// The cells of each sample of a column, and their weights.
  let rowTaps: [[TwoStepAxis.Tap]]
  /// The weights of the grid's columns in each sample of a row, `[w, sampled columns]`.
  let columnMap: Tensor
  private let rows, columns: TwoStepAxis

  /// Samples `grid` of a padded picture of `imageSize` where `rows` and `columns` say: positions in the padded picture.
  init(_ grid: Grid, imageSize: Grid, rows: BilinearAxis, columns: BilinearAxis) {
    self.grid = grid
    let down = TwoStepAxis(BilinearAxis(input: grid.height, output: imageSize.height), rows)
    self.rows = down
    rowTaps = (0..<rows.count).map(down.taps)
    let across = TwoStepAxis(BilinearAxis(input: grid.width, output: imageSize.width), columns)
    self.columns = across
    columnMap = Tensor(shape: [grid.width, columns.count]) { out in
      out.update(repeating: 0)
      for x in 0..<columns.count {
        for (cell, weight) in across.taps(x) { out[cell * columns.count + x] += weight }
      }
    }
  }

  /// The grid's columns that the samples `range` of a row are made of.
  func columnCells(_ range: Range<Int>) -> Range<Int> { columns.cells(range) }

  /// The grid's rows that the samples `range` of a column are made of.
  func rowCells(_ range: Range<Int>) -> Range<Int> { rows.cells(range) }
}

/// Two bilinear resizes of one axis, one after the other: each sample comes from at most four cells.
struct TwoStepAxis: Sendable {
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
