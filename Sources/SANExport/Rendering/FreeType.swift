import CFonts
import SANInference

/// FreeType's functions, which read outlines from font files of every kind. Not for several threads at a time.
package struct FreeType: @unchecked Sendable {
  private typealias Start = @convention(c) (UnsafeMutablePointer<OpaquePointer?>) -> Int32
  private typealias Version =
    @convention(c) (
      OpaquePointer?, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>
    ) -> Void
  private typealias Open =
    @convention(c) (
      OpaquePointer?, UnsafePointer<CChar>, Int, UnsafeMutablePointer<UnsafeMutablePointer<ft_face>?>
    ) -> Int32
  private typealias Close = @convention(c) (UnsafeMutablePointer<ft_face>) -> Int32
  private typealias Index = @convention(c) (UnsafeMutablePointer<ft_face>, UInt) -> UInt32
  private typealias Load = @convention(c) (UnsafeMutablePointer<ft_face>, UInt32, Int32) -> Int32
  private typealias Decompose =
    @convention(c) (
      UnsafeMutablePointer<ft_outline>, UnsafePointer<ft_outline_functions>, UnsafeMutableRawPointer?
    ) -> Int32

  private let library: OpaquePointer
  private let open: Open
  private let close: Close
  private let index: Index
  private let load: Load
  private let decompose: Decompose
  /// Such as `2.12.1`.
  let version: String

  package static let shared = SystemLibrary.freeType.load().flatMap(FreeType.init)

  private init?(_ library: SystemLibrary.Loaded) {
    guard let start = library.function("FT_Init_FreeType", as: Start.self),
      let version = library.function("FT_Library_Version", as: Version.self),
      let open = library.function("FT_New_Face", as: Open.self),
      let close = library.function("FT_Done_Face", as: Close.self),
      let index = library.function("FT_Get_Char_Index", as: Index.self),
      let load = library.function("FT_Load_Glyph", as: Load.self),
      let decompose = library.function("FT_Outline_Decompose", as: Decompose.self)
    else { return nil }
    var handle: OpaquePointer?
    guard start(&handle) == 0, let handle else { return nil }
    var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
    version(handle, &major, &minor, &patch)
    (self.library, self.version) = (handle, "\(major).\(minor).\(patch)")
    (self.open, self.close, self.index, self.load, self.decompose) = (open, close, index, load, decompose)
  }

  /// The outlines of those of `characters` that the font at `path` has, each of one scalar.
  ///
  /// - Parameters:
  ///   - face: the font's place in its file, as fontconfig numbers them.
  ///   - unitsPerEm: what they are scaled to.
  package func outlines(
    of characters: [Character], path: String, face: Int, unitsPerEm: Int
  ) -> [Character: Font.Outline] {
    var opened: UnsafeMutablePointer<ft_face>?
    guard open(library, path, face, &opened) == 0, let font = opened else { return [:] }
    defer { _ = close(font) }
    let em = Int(font.pointee.units_per_em)
    guard em > 0 else { return [:] }
    var found: [Character: Font.Outline] = [:]
    for character in characters {
      guard let scalar = character.unicodeScalars.first else { continue }
      found[character] = outline(of: scalar, font, em: em, unitsPerEm: unitsPerEm)
    }
    return found
  }

  /// Units of the font, no hints and no pictures in the place of outlines.
  private static let loadFlags: Int32 = 1 | 1 << 1 | 1 << 3
  /// The letters `outl` in a number.
  private static let outlineFormat: UInt32 = 0x6F75_746C

  private func outline(
    of scalar: Unicode.Scalar, _ font: UnsafeMutablePointer<ft_face>, em: Int, unitsPerEm: Int
  ) -> Font.Outline? {
    let glyph = index(font, UInt(scalar.value))
    guard glyph != 0, load(font, glyph, FreeType.loadFlags) == 0, let slot = font.pointee.glyph,
      slot.pointee.format == FreeType.outlineFormat
    else { return nil }
    let pen = OutlinePen(em: em, unitsPerEm: unitsPerEm)
    var functions = OutlinePen.functions
    guard decompose(&slot.pointee.outline, &functions, Unmanaged.passUnretained(pen).toOpaque()) == 0 else {
      return nil
    }
    return pen.outline(advance: slot.pointee.metrics.4)
  }
}

/// Takes an outline's parts as FreeType tells them.
private final class OutlinePen {
  private let em: Int
  private let unitsPerEm: Int
  private var contours: [[Font.Point]] = []
  private var pointCount = 0
  /// Where the pen is, in the font's units.
  private var position = ft_vector()

  init(em: Int, unitsPerEm: Int) { (self.em, self.unitsPerEm) = (em, unitsPerEm) }

  /// No letter has as many.
  private static let mostPoints = 20_000

  /// The outline; nil where it reaches far outside or has too much to it, as the file of no real font does.
  func outline(advance: Int) -> Font.Outline? {
    let points = contours.joined()
    let limit = 3 * unitsPerEm
    let advance = scaled(advance)
    guard pointCount <= OutlinePen.mostPoints, (0...limit).contains(advance),
      points.allSatisfy({ max(abs($0.x), abs($0.y)) <= limit })
    else { return nil }
    return Font.Outline(advance: advance, contours: contours.filter { $0.count >= 3 })
  }

  static var functions: ft_outline_functions {
    ft_outline_functions(
      move: { to, user in OutlinePen.of(user).move(to!.pointee) },
      line: { to, user in OutlinePen.of(user).line(to!.pointee) },
      quadratic: { control, to, user in OutlinePen.of(user).quadratic(control!.pointee, to!.pointee) },
      cubic: { first, second, to, user in
        OutlinePen.of(user).cubic(first!.pointee, second!.pointee, to!.pointee)
      }, shift: 0, delta: 0)
  }

  private static func of(_ user: UnsafeMutableRawPointer?) -> OutlinePen {
    Unmanaged<OutlinePen>.fromOpaque(user!).takeUnretainedValue()
  }

  private func move(_ to: ft_vector) -> Int32 {
    contours.append([])
    return add(to, onCurve: true)
  }

  private func line(_ to: ft_vector) -> Int32 { add(to, onCurve: true) }

  private func quadratic(_ control: ft_vector, _ to: ft_vector) -> Int32 {
    let status = add(control, onCurve: false)
    return status == 0 ? add(to, onCurve: true) : status
  }

  /// Lines stand for a curve with two control points, as many as ``GlyphBitmap`` draws for one with a single control point.
  private func cubic(_ first: ft_vector, _ second: ft_vector, _ to: ft_vector) -> Int32 {
    let (start, steps) = (position, 8)
    func between(_ a: Int, _ b: Int, _ c: Int, _ d: Int, _ t: Int) -> Int {
      let s = steps - t
      return (a * s * s * s + 3 * b * s * s * t + 3 * c * s * t * t + d * t * t * t) / (steps * steps * steps)
    }
    for t in 1...steps {
      let point = ft_vector(
        x: between(start.x, first.x, second.x, to.x, t), y: between(start.y, first.y, second.y, to.y, t))
      let status = add(point, onCurve: true)
      if status != 0 { return status }
    }
    return 0
  }

  /// Any number but 0 ends the outline.
  private func add(_ point: ft_vector, onCurve: Bool) -> Int32 {
    pointCount += 1
    // Fonts' units are numbers of 16 bits.
    guard pointCount <= OutlinePen.mostPoints, !contours.isEmpty, max(abs(point.x), abs(point.y)) < 1 << 20
    else { return 1 }
    contours[contours.count - 1].append(Font.Point(x: scaled(point.x), y: scaled(point.y), onCurve: onCurve))
    position = point
    return 0
  }

  private func scaled(_ length: Int) -> Int {
    guard abs(length) < 1 << 20 else { return .max }
    return (2 * length * unitsPerEm + (length < 0 ? -em : em)) / (2 * em)
  }
}
