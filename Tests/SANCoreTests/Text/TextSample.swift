import Foundation
import TestSupport

/// A text, what the published tokenizer cleans it to, and its tokens for the whole vocabulary and for one of
/// 16,384 merges; cut to 77 where they are more.
struct TextSample: Decodable {
  var text: String
  var clean: String
  var ids: [Int32]
  var ids77: [Int32]?
  var mini: [Int32]
  var mini77: [Int32]?

  static func all() throws -> [TextSample] {
    try JSONDecoder().decode([TextSample].self, from: Data(Fixture.bytes("text/tokens.json")))
  }

  /// The texts that this package cleans otherwise than ftfy does. ``TextCleaning`` says what it leaves out.
  static let knownDifferences: Set<String> = [
    // other code pages
    "caf√©", "‚Äúquote‚Äù", "РџСЂРёРІРµС‚", "cafĂ©", "ĂˇrvĂ­ztĹ±rĹ‘", "€É",
    // lost bytes
    "Â b", "voilÃ  le", "Ã la mode", "like this â€�", "â€œ lost â€?", "P$〟まϗήόȣăŤ O`=) ",
    // names of HTML 5
    "&checkmark;", "&Jscr;ohn", "&notinva;",
    // mended here, not there
    "â„¢", "a photo of â„¢, really", "氣週ᾭ\u{A0}Ä¤ o@",
  ]
}
