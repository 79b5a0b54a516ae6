/// The pixels that are scored for all classes before their scores are handed on together.
///
/// They are whole rows, so that a class's scores lie together in a `[K, height, width]` file and are written in one piece:
/// as many rows as take little memory. Where even one row of all classes takes too much they are a part of a row.
package struct ScoreBand: Sendable {
  /// The most floats of a band, unless the narrowest patch of all classes has more: 4 MiB.
  private static let largest = 1 << 20

  /// The photo's rows and columns in it.
  package let rows, columns: Range<Int>
  /// Its pixels, which follow each other in row-major order.
  package let pixels: Range<Int>

  /// `rows` of a photo cut into bands for so many classes.
  package static func bands(of rows: Range<Int>, width: Int, classes: Int) -> [ScoreBand] {
    let size = size(width: width, classes: classes)
    return stride(from: rows.lowerBound, to: rows.upperBound, by: size.height).flatMap { row in
      stride(from: 0, to: width, by: size.width).map { column in
        ScoreBand(
          rows: row..<min(row + size.height, rows.upperBound),
          columns: column..<min(column + size.width, width), width: width)
      }
    }
  }

  /// Rows and columns of the largest band.
  package static func size(width: Int, classes: Int) -> Grid {
    let rows = largest / max(classes * width, 1)
    if rows >= 1 { return Grid(height: min(rows, MaskSampler.patch.height), width: width) }
    let patches = max(1, largest / (classes * MaskSampler.patch.width))
    return Grid(height: 1, width: min(patches * MaskSampler.patch.width, width))
  }

  private init(rows: Range<Int>, columns: Range<Int>, width: Int) {
    (self.rows, self.columns) = (rows, columns)
    pixels = rows.lowerBound * width + columns.lowerBound..<(rows.upperBound - 1) * width + columns.upperBound
  }

  /// The band cut into patches' widths.
  package var patchColumns: [Range<Int>] {
    stride(from: columns.lowerBound, to: columns.upperBound, by: MaskSampler.patch.width).map {
      $0..<min($0 + MaskSampler.patch.width, columns.upperBound)
    }
  }

  /// Where the pixels `columns` of row `row` are among the band's.
  package func places(row: Int, columns: Range<Int>) -> Range<Int> {
    let start = (row - rows.lowerBound) * self.columns.count + columns.lowerBound - self.columns.lowerBound
    return start..<start + columns.count
  }
}
