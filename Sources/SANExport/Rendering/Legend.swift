import SANInference

/// A table of colours, names and shares, laid out in columns for a strip of a given width.
package struct Legend {
  /// One line of the table.
  package struct Entry {
    package let name: String
    /// Nil for a part of the photo that is shown as it is.
    package let color: RGBColor?
    package let share: String

    package init(name: String, color: RGBColor?, share: String) {
      (self.name, self.color, self.share) = (name, color, share)
    }
  }

  /// A swatch, a name and a share, and where they stand.
  package struct Cell {
    package let color: RGBColor?
    package let name: TextLine
    package let share: TextLine
    /// From the strip's top left.
    package let (x, y, width): (Int, Int, Int)
  }

  /// The strip's size. It is wider than asked only where not even one short column fits.
  package let (width, height): (Int, Int)
  package let cells: [Cell]
  private let metrics: Metrics

  /// Lengths in pixels, all in proportion to the height of a small x.
  package struct Metrics {
    package let xHeight: Int

    /// What reads well under a photo of this size. Letters' small parts need 7 pixels.
    package init(photoWidth: Int, photoHeight: Int) {
      xHeight = min(max((photoWidth + photoHeight) / 200, 7), 100)
    }

    package var margin: Int { 2 * xHeight }
    package var lineHeight: Int { 3 * xHeight }
    var swatch: Int { 3 * xHeight / 2 }
    var gap: Int { xHeight }
    var columnGap: Int { 4 * xHeight }
    /// Names get at least this where they need it, and never more than the longest.
    var shortestName: Int { 12 * xHeight }
    package var longestName: Int { 26 * xHeight }
    /// All of a cell but its name and share.
    package var fixed: Int { swatch + 2 * gap }
  }

  package static let background = RGBColor(0xFFFFFF)
  package static let ink = RGBColor(0x202124)

  /// Lays out `entries`, in their order down the columns, in a strip at least `width` pixels wide.
  package init(_ entries: [Entry], width: Int, metrics: Metrics, font: Font) {
    self.metrics = metrics
    let shares = entries.map { TextLine($0.share, font: font, xHeight: metrics.xHeight) }
    var names = entries.map {
      TextLine($0.name, font: font, xHeight: metrics.xHeight, limit: metrics.longestName)
    }
    let fixed = metrics.fixed + (shares.map(\.width).max() ?? 0)
    let widest = names.map(\.width).max() ?? 0
    let room = max(width - 2 * metrics.margin, fixed + min(widest, metrics.shortestName))
    if fixed + widest > room {
      names = entries.map { TextLine($0.name, font: font, xHeight: metrics.xHeight, limit: room - fixed) }
    }

    let columns = Self.columns(
      nameWidths: names.map(\.width), fixed: fixed, gap: metrics.columnGap, room: room)
    let rows = max((entries.count + columns - 1) / max(columns, 1), 1)
    var cells: [Cell] = []
    var x = metrics.margin
    for first in stride(from: 0, to: entries.count, by: rows) {
      let column = first..<min(first + rows, entries.count)
      let width = fixed + (names[column].map(\.width).max() ?? 0)
      for index in column {
        cells.append(
          Cell(
            color: entries[index].color, name: names[index], share: shares[index], x: x,
            y: metrics.margin / 2 + (index - first) * metrics.lineHeight, width: width))
      }
      x += width + metrics.columnGap
    }
    self.cells = cells
    self.width = max(width, room + 2 * metrics.margin)
    height = rows * metrics.lineHeight + metrics.margin
  }

  /// Lays out `entries` below a picture of `width` × `height` pixels: wider than that where the legend would else be
  /// higher than the picture and make it, with the picture, more than twice as high as wide.
  static func fitting(
    _ entries: [Entry], width: Int, below height: Int, metrics: Metrics, font: Font
  ) -> Legend {
    var legend = Legend(entries, width: width, metrics: metrics, font: font)
    while legend.height > height, height + legend.height > 2 * legend.width {
      legend = Legend(entries, width: legend.width * 5 / 4, metrics: metrics, font: font)
    }
    return legend
  }

  /// The most columns that fit `room`, each as wide as its longest name asks.
  private static func columns(nameWidths: [Int], fixed: Int, gap: Int, room: Int) -> Int {
    let most = min(max((room + gap) / (fixed + gap), 1), nameWidths.count)
    for columns in stride(from: most, to: 1, by: -1) {
      let rows = (nameWidths.count + columns - 1) / columns
      var total = -gap
      for first in stride(from: 0, to: nameWidths.count, by: rows) {
        total += gap + fixed + (nameWidths[first..<min(first + rows, nameWidths.count)].max() ?? 0)
      }
      if total <= room { return columns }
    }
    return 1
  }

  /// Draws the strip with its top at row `top`; the canvas has the background's colour there.
  package func draw(on canvas: inout Canvas, top: Int) {
    for cell in cells {
      let baseline = top + cell.y + (metrics.lineHeight + metrics.swatch) / 2
      let (side, y) = (metrics.swatch, baseline - metrics.swatch)
      if let color = cell.color {
        canvas.fill(x: cell.x, y: y, width: side, height: side, color: color)
      } else {
        let line = max(side / 8, 1)
        canvas.fill(x: cell.x, y: y, width: side, height: side, color: Palette.other)
        canvas.fill(
          x: cell.x + line, y: y + line, width: side - 2 * line, height: side - 2 * line,
          color: Self.background)
      }
      cell.name.draw(on: &canvas, x: cell.x + side + metrics.gap, baseline: baseline, color: Self.ink)
      cell.share.draw(
        on: &canvas, x: cell.x + cell.width - cell.share.width, baseline: baseline, color: Self.ink)
    }
  }
}
