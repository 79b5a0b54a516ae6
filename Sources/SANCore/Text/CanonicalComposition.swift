#if canImport(Darwin)
  import Foundation
#else
  // The standard library holds the normalisation that comparing strings needs, but offers it only so.
  // Foundation's would add its whole Unicode data to every start of the program.
  @_spi(_Unicode) import Swift
#endif

/// Unicode's normal form C.
enum CanonicalComposition {
  static func compose(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    // Below U+0300 nothing composes or decomposes.
    guard text.contains(where: { $0.value >= 0x300 }) else { return text }
    var view = String.UnicodeScalarView()
    view.append(contentsOf: text)
    #if canImport(Darwin)
      return Array(String(view).precomposedStringWithCanonicalMapping.unicodeScalars)
    #else
      return Array(String(view)._nfc)
    #endif
  }
}
