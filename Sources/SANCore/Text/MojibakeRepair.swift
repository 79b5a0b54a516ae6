/// Text whose UTF-8 bytes were read as Latin-1 or Windows-1252: `cafÃ©` was `café`, `â€œ` was a curly quote.
///
/// Every sequence of characters whose bytes would be one UTF-8 character is a candidate. Almost none of
/// them can be meant as it stands, yet some can: in `NESCAFÉ®` the last two characters would be a phonetic
/// letter. So a candidate needs evidence. One with evidence takes along the candidates beside it, and all
/// of them where every character of the line that is not ASCII is part of one.
enum MojibakeRepair {
  /// Text can be damaged more than once: so often is the repair repeated at most.
  private static let maximumRounds = 16

  static func repair(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var text = text
    for _ in 0..<maximumRounds {
      guard let repaired = repairOnce(text) else { break }
      text = repaired
    }
    return text
  }

  private struct Candidate {
    var range: Range<Int>
    var meant: Unicode.Scalar
  }

  private static func repairOnce(_ text: [Unicode.Scalar]) -> [Unicode.Scalar]? {
    guard text.contains(where: { (0xC2...0xF4).contains($0.value) }) else { return nil }
    var runs: [[Candidate]] = []  // candidates, grouped into those without anything between them
    var hasStrays = false
    var i = 0
    while i < text.count {
      if text[i].isASCII {
        i += 1
      } else if let candidate = candidate(in: text, at: i) {
        if let last = runs.last?.last, last.range.upperBound == i {
          runs[runs.count - 1].append(candidate)
        } else {
          runs.append([candidate])
        }
        i = candidate.range.upperBound
      } else {
        hasStrays = true
        i += 1
      }
    }

    let damaged = runs.filter { run in run.count > 1 || isEvidence(run[0].range, in: text) }
    guard !damaged.isEmpty else { return nil }
    var result: [Unicode.Scalar] = []
    var copied = 0
    for run in hasStrays ? damaged : runs {
      for candidate in run {
        result += text[copied..<candidate.range.lowerBound]
        result.append(candidate.meant)
        copied = candidate.range.upperBound
      }
    }
    return result + text[copied...]
  }

  /// The UTF-8 character that the bytes from here on make.
  private static func candidate(in text: [Unicode.Scalar], at start: Int) -> Candidate? {
    guard text[start].value <= 0xF4, let lead = Windows1252.byte(of: text[start]) else { return nil }
    let length: Int
    switch lead {
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF: length = 3
    case 0xF0...0xF4: length = 4
    default: return nil
    }
    guard start + length <= text.count else { return nil }
    var value = UInt32(lead) & (0x7F >> UInt32(length))
    for scalar in text[(start + 1)..<(start + length)] {
      guard let byte = Windows1252.byte(of: scalar), byte & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    // Over-long forms and surrogates are not UTF-8.
    let least: [UInt32] = [0x80, 0x800, 0x1_0000]
    guard value >= least[length - 2], let meant = Unicode.Scalar(value) else { return nil }
    return Candidate(range: start..<(start + length), meant: meant)
  }

  /// Whether a candidate that stands alone can hardly be meant as it is written.
  private static func isEvidence(_ range: Range<Int>, in text: [Unicode.Scalar]) -> Bool {
    let lead = text[range.lowerBound]
    let isLetterFollowing = range.upperBound < text.count && text[range.upperBound].properties.isAlphabetic
    for scalar in text[range.dropFirst()] {
      switch scalar {
      case "’", "…":
        continue  // follow any word
      case "–", "—", "·", "´", "\u{AD}", "\u{A0}":
        // Join words.
        if range.count == 2, commonLeads.contains(lead) { return true }
      case "“", "”", "‘", "‚", "„", "«", "»", "‹", "›", "¡", "¿", "•", "®", "©", "™", "°":
        // Stand between words, not within them.
        if range.count == 2, commonLeads.contains(lead) { return true }
        if range.count == 2, isLetterFollowing, !wordEnds.contains(lead) { return true }
      case "Š", "š", "Œ", "œ", "Ž", "ž", "Ÿ":
        if leadsOfLetters.contains(lead) { return true }
      default:
        // A symbol right after an accented letter.
        if range.count > 2 || !wordEnds.contains(lead) { return true }
      }
    }
    return false
  }

  /// The first halves of damaged Latin, Greek and Cyrillic letters, which hardly end a word themselves.
  private static let commonLeads = Array("ÂÃÎÐ".unicodeScalars)
  /// The same and others after which no word goes on with `Š`, `Œ`, `Ž` or `Ÿ`.
  private static let leadsOfLetters = Array("ÂÃÄÅÎÏÐÑØÙ".unicodeScalars)
  /// After these a symbol can be meant: `Ö²`, `3×½`, `Maß²`.
  private static let wordEnds = Array("ÒÓÔÕÖ×ÙÚÛÜß".unicodeScalars)
}
