import SANCore
import SANWeights

/// Outlines of letters, from the file that `Weights/Resources/fonts/README.md` describes.
///
/// A character that the file lacks is drawn as the font's hollow box; an unknown mark on a known letter is
/// left out.
package struct Font: Sendable {
  /// A corner or control point of a contour, in font units, y upwards from the baseline.
  struct Point: Sendable, Equatable {
    var x: Int
    var y: Int
    var onCurve: Bool
  }

  /// What one character looks like.
  package struct Glyph: Sendable, Equatable {
    /// To the next character, in font units.
    package let advance: Int
    /// Its part of ``Font/contours``.
    package let contours: Range<Int>
  }

  /// What one character looks like, by itself.
  package struct Outline: Sendable, Equatable {
    /// To the next character, in font units.
    package let advance: Int
    /// Closed, of at least three points each.
    let contours: [[Point]]
  }

  /// Units per em, and heights of a small x and a capital H.
  package let (unitsPerEm, xHeight, capitalHeight): (Int, Int, Int)
  /// Room that letters need above and below the baseline.
  package let (ascent, descent): (Int, Int)
  /// All points, contour after contour.
  private(set) var points: [Point]
  /// Each contour's part of ``points``.
  private(set) var contours: [Range<Int>]
  /// By character: a decomposed letter equals the composed one.
  private var glyphs: [Character: Glyph]
  private let missing: Glyph

  /// The font that comes with the package.
  ///
  /// - Throws: `ResourceError` or `FileError` where the file is missing or cannot be read, ``FontError``
  ///   where it is damaged.
  package static func standard() throws -> Font {
    let path = try SANWeights.path("fonts/dejavu-sans.outlines")
    return try Font(bytes: MappedFile.contents(of: path, limit: 1 << 24), name: path)
  }

  /// Reads the file's bytes; `name` is what errors call it.
  package init(bytes: [UInt8], name: String) throws(FontError) {
    var reader = FontReader(bytes: bytes, name: name)
    let header = try reader.header()
    unitsPerEm = header.unitsPerEm
    (xHeight, capitalHeight) = (header.xHeight, header.capitalHeight)
    (ascent, descent) = (header.ascent, header.descent)
    var glyphs: [Character: Glyph] = [:]
    var missing: Glyph?
    var last = -1
    for _ in 0..<header.glyphCount {
      let (scalar, glyph) = try reader.glyph(after: &last, unitsPerEm: unitsPerEm)
      if missing == nil { missing = glyph } else { glyphs[Character(scalar)] = glyph }
    }
    guard let missing, reader.isAtEnd else { throw reader.damage("bytes follow the last glyph") }
    (self.glyphs, self.missing) = (glyphs, missing)
    (points, contours) = (reader.points, reader.contours)
  }

  /// This font and what `fonts` have of the characters of `names` that it lacks.
  package func completed(for names: [String], by fonts: SystemFonts? = .shared) -> Font {
    let missing = Set(names.joined().filter { !has($0) })
    guard let fonts, !missing.isEmpty else { return self }
    return adding(fonts.outlines(of: missing, unitsPerEm: unitsPerEm))
  }

  /// This font with more letters, whose outlines are in its units.
  package func adding(_ outlines: [Character: Outline]) -> Font {
    var font = self
    for (character, outline) in outlines {
      let first = font.contours.count
      for contour in outline.contours {
        font.contours.append(font.points.count..<font.points.count + contour.count)
        font.points += contour
      }
      font.glyphs[character] = Glyph(advance: outline.advance, contours: first..<font.contours.count)
    }
    return font
  }

  /// Whether there is a picture of `character`.
  package func has(_ character: Character) -> Bool { glyph(character) != missing }

  /// What stands for `character`.
  package func glyph(_ character: Character) -> Glyph {
    if let glyph = glyphs[character] { return glyph }
    if character.isWhitespace, let space = glyphs[" "] { return space }
    guard let first = character.unicodeScalars.first else { return missing }
    return glyphs[Character(first)] ?? missing
  }
}

/// The font file cannot be used.
public struct FontError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file.
  public let name: String
  /// What is wrong with it.
  public let reason: String

  /// The error in one line.
  public var description: String {
    "\(name): cannot be used as a font (\(reason)); "
      + "install the program's resources again, or leave out the legend"
  }
}
