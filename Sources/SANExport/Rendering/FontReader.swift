/// Reads a font file step by step; nothing in it is taken on trust.
struct FontReader {
  struct Header {
    let (unitsPerEm, xHeight, capitalHeight, ascent, descent, glyphCount): (Int, Int, Int, Int, Int, Int)
  }

  private let bytes: [UInt8]
  private let name: String
  private var position = 0
  private(set) var points: [Font.Point] = []
  private(set) var contours: [Range<Int>] = []

  init(bytes: [UInt8], name: String) {
    (self.bytes, self.name) = (bytes, name)
    points.reserveCapacity(bytes.count / 4)
  }

  var isAtEnd: Bool { position == bytes.count }

  func damage(_ reason: String) -> FontError { FontError(name: name, reason: reason) }

  mutating func header() throws(FontError) -> Header {
    guard bytes.starts(with: Array("OUTLINES".utf8)) else { throw damage("it does not begin with OUTLINES") }
    position = 8
    let header = Header(
      unitsPerEm: try number(), xHeight: try number(), capitalHeight: try number(), ascent: try number(),
      descent: try number(), glyphCount: try number())
    let em = header.unitsPerEm
    // These bounds keep a bitmap's size in proportion to the size of the text.
    guard em >= 16, (em / 4...em).contains(header.xHeight),
      (header.xHeight...em).contains(header.capitalHeight),
      (header.capitalHeight...2 * em).contains(header.ascent), header.descent <= em
    else { throw damage("its heights do not fit its \(em) units per em") }
    return header
  }

  /// The next glyph and its scalar, which comes after `last`.
  mutating func glyph(after last: inout Int, unitsPerEm: Int) throws(FontError) -> (
    Unicode.Scalar, Font.Glyph
  ) {
    let code = try number()
    guard code > last, last >= 0 || code == 0, let scalar = Unicode.Scalar(UInt32(code)) else {
      throw damage("code \(code) after \(last)")
    }
    last = code
    let (advance, count, first) = (try number(), try number(), contours.count)
    guard advance <= 3 * unitsPerEm else { throw damage("code \(code) is \(advance) units wide") }
    for _ in 0..<count { try contour(of: code, unitsPerEm: unitsPerEm) }
    return (scalar, Font.Glyph(advance: advance, contours: first..<contours.count))
  }

  private mutating func contour(of code: Int, unitsPerEm: Int) throws(FontError) {
    let (count, first) = (try number(), points.count)
    guard count >= 3 else { throw damage("a contour of code \(code) has \(count) points") }
    for _ in 0..<count {
      let (x, y) = (
        Int(Int16(truncatingIfNeeded: try number())), Int(Int16(truncatingIfNeeded: try number()))
      )
      let point = Font.Point(x: x >> 1, y: y, onCurve: x & 1 == 1)
      guard max(abs(point.x), abs(point.y)) <= 3 * unitsPerEm else {
        throw damage("a point of code \(code) lies far outside")
      }
      points.append(point)
    }
    contours.append(first..<points.count)
  }

  private mutating func number() throws(FontError) -> Int {
    guard position + 2 <= bytes.count else { throw damage("it ends after \(bytes.count) bytes") }
    defer { position += 2 }
    return Int(bytes[position]) | Int(bytes[position + 1]) << 8
  }
}
