import SANCore
import SANInference

/// A confusion matrix as a heat map: a row a true class, a column a given class, each row's pixels as shares of 100 %.
///
/// Up to 40 classes have their names beside the cells and the shares, in per cent, within them; up to 256 have their
/// names; more have their numbers, every fiftieth. The row of a class that no pixel has is grey.
public enum ConfusionPicture {
  /// The most classes that make a picture.
  public static let maximumClasses = 8192

  /// Draws `confusion`.
  ///
  /// - Parameters:
  ///   - confusion: counts of pixels, by true and by found class.
  ///   - classes: the classes' names, one each. Precondition: at most ``maximumClasses``.
  /// - Throws: `ResourceError` where the font's file is missing, ``FontError`` where it is damaged; `ImageError`.
  public static func render(_ confusion: ConfusionMatrix, classes: [String]) throws -> RGBImage {
    precondition(classes.count == confusion.classCount, "one name a class")
    precondition(classes.count <= maximumClasses, "not more classes than a picture holds")
    let font = try Font.standard()
    let layout = Layout(classes: classes, font: font)
    var canvas = Canvas(width: layout.width, height: layout.height, color: Legend.background)
    drawCells(confusion, layout: layout, font: font, on: &canvas)
    drawNames(layout: layout, font: font, on: &canvas)
    drawKey(layout: layout, font: font, on: &canvas)
    return try RGBImage(width: canvas.width, height: canvas.height, pixels: canvas.pixels)
  }

  /// Where everything stands, in pixels.
  private struct Layout {
    let classCount: Int
    /// A cell's side, with the line at its right and bottom.
    let cell: Int
    /// Between cells; 0 where they are too small for lines.
    let line: Int
    let xHeight: Int
    let showsShares: Bool
    /// Each class's name, or its number where it is among the fiftieth; nil for the others.
    let names: [TextLine?]
    /// From the picture's top left to the cells', and around everything.
    let (left, top, margin): (Int, Int, Int)

    init(classes: [String], font: Font) {
      classCount = classes.count
      switch classes.count {
      case ...40: (cell, line, xHeight) = (30, 1, 8)
      case ...256: (cell, line, xHeight) = (16, 1, 7)
      case ...1024: (cell, line, xHeight) = (3, 0, 7)
      default: (cell, line, xHeight) = (1, 0, 7)
      }
      showsShares = classes.count <= 40
      let (isNamed, height) = (classes.count <= 256, xHeight)
      names = classes.enumerated().map { index, name in
        if !isNamed && index % 50 != 0 { return nil }
        return TextLine(isNamed ? name : String(index), font: font, xHeight: height, limit: 26 * height)
      }
      margin = 2 * xHeight
      let longest = names.compactMap { $0?.width }.max() ?? 0
      (left, top) = (2 * margin + longest, 2 * margin + longest)
    }

    var side: Int { classCount * cell }
    /// The key needs its room where there are few classes.
    var width: Int { max(left + side, ConfusionPicture.keyWidth + margin) + margin }
    var height: Int { top + side + 6 * xHeight + margin }
    /// From a cell's top to the baseline of text in its middle.
    var baseline: Int { (cell + xHeight) / 2 + xHeight / 4 }
  }

  private static let ink = Legend.ink
  private static let ruler = RGBColor(0xDDDDDD)
  private static let diagonal = RGBColor(0x999999)
  private static let nothing = RGBColor(0xEEEEEE)
  private static let stops: [RGBColor] = [
    RGBColor(0xFFFFFF), RGBColor(0xB7D4EA), RGBColor(0x6AAED6), RGBColor(0x2E7EBC), RGBColor(0x08306B),
  ]
  private static let keyWidth = 520

  /// The colour of a share of `thousandths`.
  private static func color(_ thousandths: Int) -> RGBColor {
    let place = thousandths * (stops.count - 1)
    let first = min(place / 1000, stops.count - 2)
    let part = place - first * 1000
    func mix(_ a: UInt8, _ b: UInt8) -> UInt8 { UInt8((Int(a) * (1000 - part) + Int(b) * part + 500) / 1000) }
    let (from, to) = (stops[first], stops[first + 1])
    return RGBColor(
      red: mix(from.red, to.red), green: mix(from.green, to.green), blue: mix(from.blue, to.blue))
  }

  private static func drawCells(
    _ confusion: ConfusionMatrix, layout: Layout, font: Font, on canvas: inout Canvas
  ) {
    let (cell, side) = (layout.cell, layout.cell - layout.line)
    if layout.line > 0 {
      let (x, y, all) = (layout.left - 1, layout.top - 1, layout.side + 1)
      canvas.fill(x: x, y: y, width: all, height: all, color: ruler)
    }
    let entries = confusion.entries
    var totals = [Int64](repeating: 0, count: layout.classCount)
    for entry in entries { totals[entry.truth] += entry.pixels }
    for (row, total) in totals.enumerated() {
      canvas.fill(
        x: layout.left, y: layout.top + row * cell, width: layout.side, height: side,
        color: total == 0 ? nothing : stops[0])
    }
    for column in 1...layout.classCount where layout.line > 0 {
      canvas.fill(
        x: layout.left + column * cell - 1, y: layout.top, width: 1, height: layout.side, color: ruler)
    }
    for index in 0..<layout.classCount where layout.line > 0 {
      // The diagonal, where classes are right, has darker lines around it.
      let (x, y) = (layout.left + index * cell - 1, layout.top + index * cell - 1)
      canvas.fill(x: x, y: y, width: cell + 1, height: cell + 1, color: diagonal)
      canvas.fill(
        x: x + 1, y: y + 1, width: side, height: side, color: totals[index] == 0 ? nothing : stops[0])
    }
    for entry in entries {
      let share = Double(entry.pixels) / Double(totals[entry.truth])
      let (x, y) = (layout.left + entry.prediction * cell, layout.top + entry.truth * cell)
      let thousandths = Int((share * 1000).rounded())
      canvas.fill(x: x, y: y, width: side, height: side, color: color(thousandths))
      guard layout.showsShares, thousandths >= 5 else { continue }
      let text = TextLine(String((thousandths + 5) / 10), font: font, xHeight: layout.xHeight)
      text.draw(
        on: &canvas, x: x + (side - text.width) / 2, baseline: y + layout.baseline,
        color: thousandths > 500 ? Legend.background : ink)
    }
  }

  private static func drawNames(layout: Layout, font: Font, on canvas: inout Canvas) {
    for (index, name) in layout.names.enumerated() {
      guard let name else { continue }
      name.draw(
        on: &canvas, x: layout.left - layout.margin / 2 - name.width,
        baseline: layout.top + index * layout.cell + layout.baseline, color: ink)
      name.drawUpwards(
        on: &canvas, baseline: layout.left + index * layout.cell + layout.baseline,
        bottom: layout.top - layout.margin / 2, xHeight: layout.xHeight, color: ink)
    }
  }

  /// The colours' meaning, below the cells.
  private static func drawKey(layout: Layout, font: Font, on canvas: inout Canvas) {
    let (height, length) = (layout.xHeight * 3 / 2, 100)
    let (x, y) = (layout.margin, layout.top + layout.side + 2 * layout.xHeight)
    let baseline = y + height - 1
    let least = TextLine("0 %", font: font, xHeight: layout.xHeight)
    let most = TextLine(
      "100 % of a row's pixels; rows: true class, columns: class given", font: font, xHeight: layout.xHeight)
    least.draw(on: &canvas, x: x, baseline: baseline, color: ink)
    let start = x + least.width + layout.xHeight
    canvas.fill(x: start - 1, y: y - 1, width: length + 2, height: height + 2, color: ruler)
    for step in 0..<length {
      canvas.fill(
        x: start + step, y: y, width: 1, height: height, color: color(step * 1000 / (length - 1)))
    }
    most.draw(on: &canvas, x: start + length + layout.xHeight, baseline: baseline, color: ink)
  }
}

extension TextLine {
  /// Draws the line turned to the left, from row `bottom` upwards, its baseline left of column `baseline`.
  fileprivate func drawUpwards(
    on canvas: inout Canvas, baseline: Int, bottom: Int, xHeight: Int, color: RGBColor
  ) {
    // Drawn level in black on white, then turned: how dark a pixel is is how much of it the letters cover.
    let (above, around) = (3 * xHeight, 2 * xHeight)
    var level = Canvas(
      width: width + 2 * around, height: above + around, color: RGBColor(red: 255, green: 255, blue: 255))
    draw(on: &level, x: around, baseline: above, color: RGBColor(red: 0, green: 0, blue: 0))
    for row in 0..<level.height {
      for column in 0..<level.width {
        let coverage = 255 - level.pixels[(row * level.width + column) * 3]
        guard coverage > 0 else { continue }
        canvas.blend(
          x: baseline + row - above, y: bottom - 1 - column + around, color: color, coverage: coverage)
      }
    }
  }
}
