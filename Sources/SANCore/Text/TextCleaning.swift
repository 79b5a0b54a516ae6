/// What CLIP does to a text before it cuts it into words: damage repaired as ftfy's default does, HTML
/// entities resolved twice, white space collapsed and trimmed, lower case.
///
/// Repaired are, line by line and until nothing changes: HTML entities (not where the text has a `<`),
/// UTF-8 read as Latin-1 or Windows-1252 (`MojibakeRepair`), C1 controls, Latin ligatures, full and half
/// width, curly quotes, terminal escapes, control characters, and composition (NFC).
///
/// Not covered, and left as it is: UTF-8 read through code pages other than Latin-1 and Windows-1252 (Mac
/// Roman, Windows-1250, -1251 and so on), sequences that lost a byte (a no-break space that became a space,
/// `?` or U+FFFD in place of a byte), and the entities that HTML 5 added to HTML 4, `&apos;` excepted.
/// Whether a sequence is damage or meant that way is judged by rules of our own, which differ from ftfy's
/// in rare cases.
public enum TextCleaning {
  /// Cleans a text.
  public static func clean(_ text: String) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: cleanScalars(text))
    return String(view)
  }

  static func cleanScalars(_ text: String) -> [Unicode.Scalar] {
    var scalars = Array(text.unicodeScalars)
    let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "&") }
    if !isPlain {
      scalars = repair(scalars)
      scalars = HTMLEntities.unescape(HTMLEntities.unescape(scalars))
    }
    return lowercase(collapseWhitespace(scalars))
  }

  /// Damage can be nested: so often is a line repaired at most.
  private static let maximumRounds = 16

  private static func repair(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    var hasMarkup = false
    var start = 0
    while start < text.count {
      let end = text[start...].firstIndex(of: "\n").map { $0 + 1 } ?? text.count
      var line = Array(text[start..<end])
      // A `<` says that this is HTML, whose entities are meant, from here on.
      hasMarkup = hasMarkup || line.contains("<")
      for _ in 0..<maximumRounds {
        let repaired = repairOnce(line, unescape: !hasMarkup)
        if repaired == line { break }
        line = repaired
      }
      result += line
      start = end
    }
    return result
  }

  private static func repairOnce(_ line: [Unicode.Scalar], unescape: Bool) -> [Unicode.Scalar] {
    var line = line
    if unescape { line = HTMLEntities.unescapeTerminated(line) }
    line = MojibakeRepair.repair(line)
    line = substitute(line)
    line = removeControls(removeTerminalEscapes(line))
    return CanonicalComposition.compose(line)
  }

  /// Single characters: C1 controls, ligatures, widths and quotes.
  private static func substitute(_ line: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(line.count)
    for original in line {
      let scalar = Windows1252.scalar(ofControl: original) ?? original
      switch scalar.value {
      case 0x2018...0x201B, 0x02BC: result.append("'")
      case 0x201C...0x201F: result.append("\"")
      // What the apostrophe of the Afrikaans digraph (U+0149) becomes is a quote by the next round.
      case 0x0132...0x01F3, 0xFB00...0xFB06: result += CharacterForms.withoutLigature(scalar)
      case 0x3000, 0xFF01...0xFFEE: result += CharacterForms.normalWidth(scalar)
      default: result.append(scalar)
      }
    }
    return result
  }

  /// Drops `ESC [ digits and semicolons, letter`.
  private static func removeTerminalEscapes(_ line: [Unicode.Scalar]) -> [Unicode.Scalar] {
    guard line.contains("\u{1B}") else { return line }
    var result: [Unicode.Scalar] = []
    var i = 0
    while i < line.count {
      if line[i] == "\u{1B}", i + 1 < line.count, line[i + 1] == "[" {
        var end = i + 2
        while end < line.count, ("0"..."9").contains(line[end]) || line[end] == ";" { end += 1 }
        if end < line.count, ("a"..."z").contains(line[end]) || ("A"..."Z").contains(line[end]) {
          i = end + 1
          continue
        }
      }
      result.append(line[i])
      i += 1
    }
    return result
  }

  /// Drops what has no displayed effect: ASCII controls that are no white space, deprecated Arabic controls,
  /// interlinear annotations, the object replacement character, the byte order mark.
  private static func removeControls(_ line: [Unicode.Scalar]) -> [Unicode.Scalar] {
    line.filter { scalar in
      switch scalar.value {
      case 0x00...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x206A...0x206F, 0xFEFF, 0xFFF9...0xFFFC: return false
      default: return true
      }
    }
  }

  /// One space for every run of white space, none at the ends.
  private static func collapseWhitespace(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    for scalar in text {
      // Python counts the four ASCII separators as white space; Unicode does not.
      let isSpace = scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
      if !isSpace {
        result.append(scalar)
      } else if let last = result.last, last != " " {
        result.append(" ")
      }
    }
    if result.last == " " { result.removeLast() }
    return result
  }

  /// Full lower-case mapping, the sigma at the end of a word included.
  private static func lowercase(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    for (i, scalar) in text.enumerated() {
      if ("A"..."Z").contains(scalar) {
        result.append(Unicode.Scalar(UInt8(scalar.value) + 32))
      } else if scalar.isASCII {
        result.append(scalar)
      } else if scalar == "\u{3A3}" {
        let before = text[..<i].last { !$0.properties.isCaseIgnorable }
        let after = text[(i + 1)...].first { !$0.properties.isCaseIgnorable }
        let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
        result.append(isFinal ? "\u{3C2}" : "\u{3C3}")
      } else {
        result += scalar.properties.lowercaseMapping.unicodeScalars
      }
    }
    return result
  }
}
