import CFonts
import SANInference
import Synchronization

/// Letters of the fonts that the system has: fontconfig says which font is best for them, and FreeType reads their outlines.
/// Both are looked for at run time.
///
/// Text is not shaped: a character is what is drawn, one after the other from left to right. Scripts that need more than
/// that have no letters here.
package final class SystemFonts: Sendable {
  private let fontConfig: FontConfig
  private let freeType: FreeType
  /// One call at a time, and the last answer: all pictures of a run ask for the same.
  private let last = Mutex<(asked: [Character], unitsPerEm: Int, found: [Character: Font.Outline])>(
    (asked: [], unitsPerEm: 0, found: [:]))

  /// The system's; nil where a library is missing.
  package static let shared: SystemFonts? = {
    guard let fontConfig = FontConfig.shared, let freeType = FreeType.shared else { return nil }
    return SystemFonts(fontConfig: fontConfig, freeType: freeType)
  }()

  private init(fontConfig: FontConfig, freeType: FreeType) {
    (self.fontConfig, self.freeType) = (fontConfig, freeType)
  }

  /// The outlines of those of `characters` that a font has and that can be drawn without shaping. A font that has most of
  /// them is asked before others, so that they are of one hand as far as can be.
  package func outlines(of characters: Set<Character>, unitsPerEm: Int) -> [Character: Font.Outline] {
    let wanted = characters.filter(\.needsNoShaping).sorted()
    guard !wanted.isEmpty else { return [:] }
    return last.withLock { last in
      if last.asked == wanted, last.unitsPerEm == unitsPerEm { return last.found }
      var found: [Character: Font.Outline] = [:]
      var missing = wanted
      for font in fontConfig.fonts(for: wanted.compactMap(\.unicodeScalars.first)) {
        found.merge(
          freeType.outlines(of: missing, path: font.path, face: font.face, unitsPerEm: unitsPerEm)
        ) { first, _ in first }
        missing = missing.filter { found[$0] == nil }
        if missing.isEmpty { break }
      }
      last = (wanted, unitsPerEm, found)
      return found
    }
  }

  /// The libraries and their versions; of a missing one, what it is for and how to install it.
  package static var description: String {
    let libraries: [(library: SystemLibrary, version: String?)] = [
      (.freeType, FreeType.shared?.version), (.fontConfig, FontConfig.shared?.version),
    ]
    return libraries.map { library, version in
      let use = "for letters beyond Latin, Greek and Cyrillic in legends"
      return "\(library.name) \(version ?? "not found, \(use): \(library.advice)")"
    }.joined(separator: ", ")
  }
}

/// fontconfig's functions, which know the system's fonts. Not for several threads at a time.
private struct FontConfig: @unchecked Sendable {
  private typealias Pattern = OpaquePointer
  private typealias Characters = OpaquePointer
  private typealias Make = @convention(c) () -> OpaquePointer?
  private typealias Free = @convention(c) (OpaquePointer) -> Void
  private typealias AddCharacter = @convention(c) (Characters, UInt32) -> Int32
  private typealias AddCharacters = @convention(c) (Pattern, UnsafePointer<CChar>, Characters) -> Int32
  private typealias Has = @convention(c) (Characters, UInt32) -> Int32
  private typealias Substitute = @convention(c) (OpaquePointer?, Pattern, Int32) -> Int32
  private typealias Sort =
    @convention(c) (
      OpaquePointer?, Pattern, Int32, UnsafeMutablePointer<Characters?>?, UnsafeMutablePointer<Int32>
    ) -> UnsafeMutablePointer<fc_font_set>?
  private typealias FreeSet = @convention(c) (UnsafeMutablePointer<fc_font_set>) -> Void
  private typealias GetText =
    @convention(c) (
      Pattern, UnsafePointer<CChar>, Int32, UnsafeMutablePointer<UnsafePointer<CChar>?>
    ) -> Int32
  private typealias GetNumber =
    @convention(c) (Pattern, UnsafePointer<CChar>, Int32, UnsafeMutablePointer<Int32>) -> Int32
  private typealias GetCharacters =
    @convention(c) (Pattern, UnsafePointer<CChar>, Int32, UnsafeMutablePointer<Characters?>) -> Int32

  private let makePattern: Make
  private let freePattern: Free
  private let makeCharacters: Make
  private let freeCharacters: Free
  private let addCharacter: AddCharacter
  private let addCharacters: AddCharacters
  private let has: Has
  private let substitute: Substitute
  private let fillIn: Free
  private let sort: Sort
  private let freeSet: FreeSet
  private let text: GetText
  private let number: GetNumber
  private let characters: GetCharacters
  /// Such as `2.14.1`.
  let version: String

  static let shared = SystemLibrary.fontConfig.load().flatMap(FontConfig.init)

  private init?(_ library: SystemLibrary.Loaded) {
    typealias Number = @convention(c) () -> Int32
    guard let start = library.function("FcInit", as: Number.self),
      let version = library.function("FcGetVersion", as: Number.self),
      let makePattern = library.function("FcPatternCreate", as: Make.self),
      let freePattern = library.function("FcPatternDestroy", as: Free.self),
      let makeCharacters = library.function("FcCharSetCreate", as: Make.self),
      let freeCharacters = library.function("FcCharSetDestroy", as: Free.self),
      let addCharacter = library.function("FcCharSetAddChar", as: AddCharacter.self),
      let addCharacters = library.function("FcPatternAddCharSet", as: AddCharacters.self),
      let has = library.function("FcCharSetHasChar", as: Has.self),
      let substitute = library.function("FcConfigSubstitute", as: Substitute.self),
      let fillIn = library.function("FcDefaultSubstitute", as: Free.self),
      let sort = library.function("FcFontSort", as: Sort.self),
      let freeSet = library.function("FcFontSetDestroy", as: FreeSet.self),
      let text = library.function("FcPatternGetString", as: GetText.self),
      let number = library.function("FcPatternGetInteger", as: GetNumber.self),
      let characters = library.function("FcPatternGetCharSet", as: GetCharacters.self), start() != 0
    else { return nil }
    (self.makePattern, self.freePattern) = (makePattern, freePattern)
    (self.makeCharacters, self.freeCharacters) = (makeCharacters, freeCharacters)
    (self.addCharacter, self.addCharacters, self.has) = (addCharacter, addCharacters, has)
    (self.substitute, self.fillIn, self.sort, self.freeSet) = (substitute, fillIn, sort, freeSet)
    (self.text, self.number, self.characters) = (text, number, characters)
    let code = version()
    self.version = "\(code / 10_000).\(code / 100 % 100).\(code % 100)"
  }

  /// The fonts that have any of `scalars`, by fontconfig's own order: those that have most of them come first.
  func fonts(for scalars: [Unicode.Scalar]) -> [(path: String, face: Int)] {
    guard let pattern = makePattern(), let wanted = makeCharacters() else { return [] }
    defer {
      freeCharacters(wanted)
      freePattern(pattern)
    }
    for scalar in scalars where addCharacter(wanted, scalar.value) == 0 { return [] }
    guard addCharacters(pattern, "charset", wanted) != 0, substitute(nil, pattern, 0) != 0 else { return [] }
    fillIn(pattern)
    var result: Int32 = 0
    guard let set = sort(nil, pattern, 1, nil, &result) else { return [] }
    defer { freeSet(set) }
    var found: [(path: String, face: Int)] = []
    for index in 0..<max(0, Int(set.pointee.count)) {
      guard let font = set.pointee.patterns[index].map({ OpaquePointer($0) }) else { continue }
      var (path, face, held): (UnsafePointer<CChar>?, Int32, OpaquePointer?) = (nil, 0, nil)
      guard text(font, "file", 0, &path) == 0, number(font, "index", 0, &face) == 0,
        characters(font, "charset", 0, &held) == 0, let path, let held,
        scalars.contains(where: { has(held, $0.value) != 0 })
      else { continue }
      found.append((String(cString: path), Int(face)))
    }
    return found
  }
}

extension Character {
  /// Blocks of scripts that are written from left to right with one sign for each character, whatever stands beside it.
  private static let plainBlocks: [ClosedRange<UInt32>] = [
    // Latin, Greek, Cyrillic, Armenian
    0xA0...0x2FF, 0x370...0x58F, 0x1E00...0x1FFF, 0x2C60...0x2C7F, 0xA640...0xA66E, 0xA720...0xA7FF,
    // Georgian, Ethiopic, Cherokee
    0x10A0...0x10FF, 0x1200...0x13FF, 0x1C90...0x1CBF, 0x2D00...0x2DDF, 0xAB30...0xABBF,
    // punctuation, digits, currencies, symbols, pictographs
    0x2010...0x2027, 0x2030...0x205E, 0x2070...0x20BF, 0x2100...0x2BFF, 0x1F300...0x1F64F, 0x1F680...0x1FAFF,
    // Han, Kana, Bopomofo, Hangul's letters side by side, Yi
    0x3001...0x3029, 0x3030...0x303F, 0x3041...0x3096, 0x309B...0x4DBF, 0x4E00...0xA4CF, 0xF900...0xFAFF,
    0xFE30...0xFE6F, 0xFF01...0xFFEE, 0x1B000...0x1B16F, 0x20000...0x3FFFD,
    // Hangul's syllables
    0xAC00...0xD7A3,
  ]

  /// Whether what is drawn for it is the same beside any other. One of several scalars may need to be put together.
  fileprivate var needsNoShaping: Bool {
    guard unicodeScalars.count == 1, let scalar = unicodeScalars.first else { return false }
    return Self.plainBlocks.contains { $0.contains(scalar.value) }
      && scalar.properties.generalCategory != .nonspacingMark
  }
}
