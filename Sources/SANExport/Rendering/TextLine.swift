import SANInference

/// A line of text laid out in one size, cut with an ellipsis where it would be too wide.
package struct TextLine {
  package let glyphs: [Font.Glyph]
  private let font: Font
  private let xHeight: Int
  /// Pixels across, rounded up.
  package let width: Int

  /// Lays out `text` with a small x of `xHeight` pixels, at most `limit` pixels wide.
  package init(_ text: String, font: Font, xHeight: Int, limit: Int = .max) {
    func pixels(_ advance: Int) -> Int { (advance * xHeight + font.xHeight - 1) / font.xHeight }
    let ellipsis = font.glyph("…")
    var glyphs: [Font.Glyph] = []
    var (advance, end) = (0, text.startIndex)
    var fitting = 0  // glyphs that leave room for an ellipsis
    while end < text.endIndex {
      let glyph = font.glyph(text[end])
      guard pixels(advance + glyph.advance) <= limit else { break }
      if pixels(advance + ellipsis.advance) <= limit, glyphs.isEmpty || text[text.index(before: end)] != " " {
        fitting = glyphs.count
      }
      glyphs.append(glyph)
      advance += glyph.advance
      end = text.index(after: end)
    }
    if end < text.endIndex {
      if pixels(advance + ellipsis.advance) <= limit, !text[..<end].hasSuffix(" ") { fitting = glyphs.count }
      glyphs = Array(glyphs.prefix(fitting))
      if pixels(ellipsis.advance) <= limit { glyphs.append(ellipsis) }
    }
    self.glyphs = glyphs
    (self.font, self.xHeight) = (font, xHeight)
    width = pixels(glyphs.reduce(0) { $0 + $1.advance })
  }

  /// Draws the line from column `x` on with its baseline above row `baseline`.
  package func draw(on canvas: inout Canvas, x: Int, baseline: Int, color: RGBColor) {
    var advance = 0
    for glyph in glyphs {
      let pen = advance * xHeight * 256 / font.xHeight  // 1/256 pixels
      let bitmap = GlyphBitmap(glyph, of: font, xHeight: xHeight, fraction: pen & 255)
      for row in 0..<bitmap.height {
        for column in 0..<bitmap.width {
          let coverage = bitmap.coverage[row * bitmap.width + column]
          guard coverage > 0 else { continue }
          canvas.blend(
            x: x + (pen >> 8) + bitmap.left + column, y: baseline + bitmap.top + row, color: color,
            coverage: coverage)
        }
      }
      advance += glyph.advance
    }
  }
}
