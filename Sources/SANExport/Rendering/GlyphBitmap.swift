/// One glyph's coverage of pixels, exact but for rounding: for each pixel, the share of its area inside the
/// outline.
///
/// Whole numbers only, so that every machine draws the same. Lengths are 1/256 pixels.
package struct GlyphBitmap {
  /// Columns from the pen's pixel to the bitmap's first column.
  package let left: Int
  /// Rows from the baseline down to the bitmap's first row: negative above it.
  package let top: Int
  package let width: Int
  package let height: Int
  /// `[height, width]`, 255 for whole pixels.
  package let coverage: [UInt8]

  /// Draws `glyph` so that a small x is `xHeight` pixels high, `fraction`/256 of a pixel to the right of the
  /// pen.
  package init(_ glyph: Font.Glyph, of font: Font, xHeight: Int, fraction: Int) {
    let paths = font.contours[glyph.contours].map { contour in
      Self.corners(font.points[contour]) { unit in
        // Rounded to the nearest, halves up, for both signs.
        let scaled = 512 * unit * xHeight + font.xHeight
        return scaled.floorDivided(by: 2 * font.xHeight)
      }.map { (x: $0.x + fraction, y: -$0.y) }
    }
    let all = paths.joined()
    let (minX, maxX) = (all.map(\.x).min() ?? 0, all.map(\.x).max() ?? 0)
    let (minY, maxY) = (all.map(\.y).min() ?? 0, all.map(\.y).max() ?? 0)
    (left, top) = (minX >> 8, minY >> 8)
    (width, height) = ((maxX >> 8) + 1 - left, (maxY >> 8) + 1 - top)

    // Summed up along a row, the cells give twice the area to the right of the outline's edges so far.
    var cells = [Int](repeating: 0, count: (width + 1) * height)
    for path in paths {
      var from = path[path.count - 1]
      for to in path {
        Self.add(
          (from.x - (left << 8), from.y - (top << 8)), (to.x - (left << 8), to.y - (top << 8)), to: &cells,
          stride: width + 1)
        from = to
      }
    }
    var coverage = [UInt8](repeating: 0, count: width * height)
    for row in 0..<height {
      var area = 0
      for column in 0..<width {
        area += cells[row * (width + 1) + column]
        coverage[row * width + column] = UInt8(min((abs(area) * 255 + 65_536) >> 17, 255))
      }
    }
    self.coverage = coverage
  }

  /// The contour as corners of a polygon, in 1/256 pixels.
  private static func corners(_ points: ArraySlice<Font.Point>, scale: (Int) -> Int) -> [(x: Int, y: Int)] {
    var corners: [(x: Int, y: Int)] = []
    let points = points.map { Font.Point(x: scale($0.x), y: scale($0.y), onCurve: $0.onCurve) }
    func midway(_ a: Font.Point, _ b: Font.Point) -> Font.Point {
      Font.Point(x: (a.x + b.x) >> 1, y: (a.y + b.y) >> 1, onCurve: true)
    }
    for (index, point) in points.enumerated() {
      if point.onCurve {
        corners.append((point.x, point.y))
        continue
      }
      let before = points[(index + points.count - 1) % points.count]
      let after = points[(index + 1) % points.count]
      let start = before.onCurve ? before : midway(before, point)
      let end = after.onCurve ? after : midway(point, after)
      if !before.onCurve { corners.append((start.x, start.y)) }
      // Eight lines stay within 1/16 pixel of any curve of letters up to 100 pixels high.
      let steps = 8
      for t in 1..<steps {
        let (a, b, c) = ((steps - t) * (steps - t), 2 * t * (steps - t), t * t)
        corners.append(
          (
            (a * start.x + b * point.x + c * end.x + 32).floorDivided(by: 64),
            (a * start.y + b * point.y + c * end.y + 32).floorDivided(by: 64)
          ))
      }
    }
    return corners
  }

  /// Adds the line between two corners to the cells it crosses: row by row, and in a row column by column.
  private static func add(
    _ from: (x: Int, y: Int), _ to: (x: Int, y: Int), to cells: inout [Int], stride: Int
  ) {
    guard from.y != to.y else { return }
    let sign = from.y < to.y ? 1 : -1
    let (upper, lower) = from.y < to.y ? (from, to) : (to, from)
    func x(at y: Int) -> Int { upper.x + (lower.x - upper.x) * (y - upper.y) / (lower.y - upper.y) }
    for row in (upper.y >> 8)...((lower.y - 1) >> 8) {
      let (start, end) = (max(upper.y, row << 8), min(lower.y, (row + 1) << 8))
      let (entry, exit) = (x(at: start), x(at: end))
      let (first, last, rise) = (min(entry, exit), max(entry, exit), end - start)
      for column in (first >> 8)...(max(first, last - 1) >> 8) {
        let (a, b) = (max(first, column << 8), min(last, (column + 1) << 8))
        let share =
          first == last ? rise : rise * (b - first) / (last - first) - rise * (a - first) / (last - first)
        let moment = share * (a + b - (column << 9))
        cells[row * stride + column] += sign * ((share << 9) - moment)
        cells[row * stride + column + 1] += sign * moment
      }
    }
  }
}

extension Int {
  /// The quotient rounded down; `divisor` is positive.
  fileprivate func floorDivided(by divisor: Int) -> Int {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
