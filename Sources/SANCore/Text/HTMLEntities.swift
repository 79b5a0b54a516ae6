/// HTML's character references: numbers, and the 252 names of HTML 4 with `&apos;`.
enum HTMLEntities {
  /// Resolves references that end in a semicolon, as ftfy does: names also all in capitals, which then
  /// stand for the capital (`&EACUTE;`).
  static func unescapeTerminated(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    replaceReferences(in: text) { body in
      let name = body.prefix(25).prefix { isLetter($0) || isDigit($0) || $0 == "#" }
      let end = name.endIndex
      guard !name.isEmpty, name.count <= 25, end < body.endIndex, body[end] == ";" else { return nil }
      if name.first == "#" {
        guard let (scalars, numberEnd) = number(body), numberEnd == end + 1, !scalars.contains(";") else {
          return nil
        }
        return (scalars, end + 1)
      }
      let known = names[string(name)] ?? capital(named: string(name))
      return known.map { ($0, end + 1) }
    }
  }

  /// Resolves references as HTML 5 does: the semicolon may be missing after numbers and after the oldest
  /// names.
  static func unescape(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    replaceReferences(in: text) { body in
      if body.first == "#" { return number(body) }
      let name = body.prefix(32).prefix { !"\t\n\u{C} <&#;".unicodeScalars.contains($0) }
      if name.endIndex < body.endIndex, body[name.endIndex] == ";", let scalars = names[string(name)] {
        return (scalars, name.endIndex + 1)
      }
      for length in stride(from: min(name.count, longestOldName), through: 2, by: -1) {
        let start = string(name.prefix(length))
        if oldNames.contains(start), let scalars = names[start] { return (scalars, name.startIndex + length) }
      }
      return nil
    }
  }

  /// Replaces what `resolve` knows: it gets the text after an `&` and returns what that stands for and its
  /// end.
  private static func replaceReferences(
    in text: [Unicode.Scalar], _ resolve: (ArraySlice<Unicode.Scalar>) -> ([Unicode.Scalar], Int)?
  ) -> [Unicode.Scalar] {
    guard text.contains("&") else { return text }
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    var i = 0
    while i < text.count {
      if text[i] == "&", let (scalars, end) = resolve(text[(i + 1)...]) {
        result += scalars
        i = end
      } else {
        result.append(text[i])
        i += 1
      }
    }
    return result
  }

  /// `#123` or `#x1F`, and a semicolon if there is one.
  private static func number(_ body: ArraySlice<Unicode.Scalar>) -> ([Unicode.Scalar], Int)? {
    var i = body.startIndex + 1
    let isHex = i < body.endIndex && (body[i] == "x" || body[i] == "X")
    if isHex { i += 1 }
    let digits = i
    var value: UInt32 = 0
    while i < body.endIndex, isHex ? body[i].properties.isASCIIHexDigit : isDigit(body[i]) {
      value = min(value * (isHex ? 16 : 10) + digitValue(body[i]), 0x11_0000)
      i += 1
    }
    guard i > digits else { return nil }
    if i < body.endIndex, body[i] == ";" { i += 1 }
    return (character(value), i)
  }

  /// What a number stands for: Windows-1252 in the range of the C1 controls, nothing for what is no
  /// character.
  private static func character(_ value: UInt32) -> [Unicode.Scalar] {
    guard value != 0, let scalar = Unicode.Scalar(value) else { return ["\u{FFFD}"] }
    if let meant = Windows1252.scalar(ofControl: scalar) { return [meant] }
    switch value {
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0xFDD0...0xFDEF: return []
    default: return value & 0xFFFE == 0xFFFE ? [] : [scalar]
    }
  }

  private static func capital(named name: String) -> [Unicode.Scalar]? {
    let lower = name.lowercased()
    guard name == name.uppercased(), lower != name, let scalars = names[lower] else { return nil }
    return scalars.flatMap { Array($0.properties.uppercaseMapping.unicodeScalars) }
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private static func digitValue(_ scalar: Unicode.Scalar) -> UInt32 {
    isDigit(scalar) ? scalar.value - 0x30 : (scalar.value | 0x20) - 0x61 + 10
  }

  private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// Every name without its semicolon, and what it stands for.
  private static let names: [String: [Unicode.Scalar]] = {
    var names: [String: [Unicode.Scalar]] = [:]
    for (i, name) in latin1.enumerated() { names[String(name)] = [Unicode.Scalar(UInt8(160 + i))] }
    let words = others.split(whereSeparator: \.isWhitespace)
    for i in stride(from: 0, to: words.count, by: 2) {
      names[String(words[i])] = UInt32(words[i + 1], radix: 16).flatMap(Unicode.Scalar.init).map { [$0] }
    }
    return names
  }()

  /// The names that need no semicolon.
  private static let oldNames = Set(latin1.map(String.init))
    .union(["amp", "AMP", "lt", "LT", "gt", "GT", "quot", "QUOT", "COPY", "REG"])
  private static let longestOldName = 6

  /// U+00A0 to U+00FF.
  private static let latin1 = """
    nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2
    sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc
    Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve
    Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc
    atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve
    oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml
    """.split(whereSeparator: \.isWhitespace)

  /// Names and code points.
  private static let others = """
    QUOT 22 quot 22 AMP 26 amp 26 apos 27 LT 3C lt 3C GT 3E gt 3E COPY A9 REG AE OElig 152 oelig 153
    Scaron 160 scaron 161 Yuml 178 fnof 192 circ 2C6 tilde 2DC Alpha 391 Beta 392 Gamma 393 Delta 394
    Epsilon 395 Zeta 396 Eta 397 Theta 398 Iota 399 Kappa 39A Lambda 39B Mu 39C Nu 39D Xi 39E Omicron 39F
    Pi 3A0 Rho 3A1 Sigma 3A3 Tau 3A4 Upsilon 3A5 Phi 3A6 Chi 3A7 Psi 3A8 Omega 3A9 alpha 3B1 beta 3B2
    gamma 3B3 delta 3B4 epsilon 3B5 zeta 3B6 eta 3B7 theta 3B8 iota 3B9 kappa 3BA lambda 3BB mu 3BC
    nu 3BD xi 3BE omicron 3BF pi 3C0 rho 3C1 sigmaf 3C2 sigma 3C3 tau 3C4 upsilon 3C5 phi 3C6 chi 3C7
    psi 3C8 omega 3C9 thetasym 3D1 upsih 3D2 piv 3D6 ensp 2002 emsp 2003 thinsp 2009 zwnj 200C zwj 200D
    lrm 200E rlm 200F ndash 2013 mdash 2014 lsquo 2018 rsquo 2019 sbquo 201A ldquo 201C rdquo 201D
    bdquo 201E dagger 2020 Dagger 2021 bull 2022 hellip 2026 permil 2030 prime 2032 Prime 2033
    lsaquo 2039 rsaquo 203A oline 203E frasl 2044 euro 20AC image 2111 weierp 2118 real 211C trade 2122
    alefsym 2135 larr 2190 uarr 2191 rarr 2192 darr 2193 harr 2194 crarr 21B5 lArr 21D0 uArr 21D1
    rArr 21D2 dArr 21D3 hArr 21D4 forall 2200 part 2202 exist 2203 empty 2205 nabla 2207 isin 2208
    notin 2209 ni 220B prod 220F sum 2211 minus 2212 lowast 2217 radic 221A prop 221D infin 221E ang 2220
    and 2227 or 2228 cap 2229 cup 222A int 222B there4 2234 sim 223C cong 2245 asymp 2248 ne 2260
    equiv 2261 le 2264 ge 2265 sub 2282 sup 2283 nsub 2284 sube 2286 supe 2287 oplus 2295 otimes 2297
    perp 22A5 sdot 22C5 lceil 2308 rceil 2309 lfloor 230A rfloor 230B loz 25CA spades 2660 clubs 2663
    hearts 2665 diams 2666 lang 27E8 rang 27E9
    """
}
