/// A pattern of paths, as a shell has them: `*` is any text in a name, `?` any character, `[a-z]` one of some (`[!a-z]`
/// none of them), `**` any folders or none, and a backslash takes the next character as it is.
///
/// As in a shell, a name that starts with a dot is matched only by a part of the pattern that does, too.
struct GlobPattern {
  /// The folder before the first part that is no plain name: where the search starts.
  let folder: String
  /// The parts of the path below ``folder``.
  private let parts: [String]

  /// Nil where the text is a plain path.
  init?(_ text: String) {
    guard GlobPattern.isPattern(text) else { return nil }
    let all = text.split(separator: "/").map(String.init)
    let first = all.firstIndex(where: GlobPattern.isPattern) ?? 0
    let fixed = all[..<first].map(GlobPattern.withoutBackslashes).joined(separator: "/")
    folder = text.hasPrefix("/") ? "/\(fixed)" : fixed.isEmpty ? "." : fixed
    // Several ** in a row are one; one at the end means every file below.
    var parts: [String] = []
    for part in all[first...] where part != "**" || parts.last != "**" { parts.append(part) }
    if parts.last == "**" { parts.append("*") }
    self.parts = parts
  }

  private static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

  private static func withoutBackslashes(_ text: String) -> String {
    var result = ""
    var isTaken = false
    for character in text {
      if character == "\\", !isTaken {
        isTaken = true
      } else {
        result.append(character)
        isTaken = false
      }
    }
    return result
  }

  /// The files that match, as paths from ``folder``, in the order of their bytes; none where there is no such folder.
  ///
  /// - Parameters:
  ///   - skipped: folders below that are not gone into.
  ///   - enters: whether another folder below, at a path, is gone into.
  ///   - leaveOut: takes the error of a folder below that cannot be read, once or more.
  ///   - isWanted: whether the file at a path, ``folder`` included, counts.
  /// - Throws: ``FolderError`` where ``folder`` cannot be read.
  func files(
    skipping skipped: Set<FileIdentity> = [], entering enters: (_ path: String) -> Bool,
    unreadable leaveOut: (FolderError) -> Void,
    where isWanted: (_ path: String) throws -> Bool
  ) throws -> [String] {
    guard let top = FileStatus(folder), top.isFolder else { return [] }
    var found: Set<[UInt8]> = []
    // A folder is gone into once for each rest of the pattern; one that is linked to waits for those that lie here.
    var seen: [Int: Set<FileIdentity>] = [parts.count: [top.identity]]
    var links: [(identity: FileIdentity, path: String, place: String, parts: ArraySlice<String>)] = []
    func search(_ path: String, _ place: String, _ parts: ArraySlice<String>) throws {
      try Interruption.check()
      guard let part = parts.first else { return }
      let rest = parts.dropFirst()
      let isDeep = part == "**"
      if isDeep { try search(path, place, rest) }
      let entries: [FolderEntry]
      do {
        entries = try FolderEntry.all(in: path)
      } catch let error as FolderError where !place.isEmpty {
        return leaveOut(error)
      }
      for entry in entries {
        guard isDeep ? !entry.isHidden : GlobPattern.name(entry.name, matches: part) else { continue }
        let inner = Path.join(path, entry.name)
        let innerPlace = place.isEmpty ? entry.name : "\(place)/\(entry.name)"
        if let identity = entry.folder {
          let next = isDeep ? parts : rest
          guard !next.isEmpty, !skipped.contains(identity) else { continue }
          if entry.isLink {
            links.append((identity, inner, innerPlace, next))
          } else if seen[next.count, default: []].insert(identity).inserted, enters(inner) {
            try search(inner, innerPlace, next)
          }
        } else if !isDeep, rest.isEmpty, entry.isFile, try isWanted(inner) {
          found.insert(Array(innerPlace.utf8))
        }
      }
    }
    try search(folder, "", parts[...])
    while !links.isEmpty {
      let next = links.sorted { $0.place.utf8.lexicographicallyPrecedes($1.place.utf8) }
      links = []
      for link in next
      where seen[link.parts.count, default: []].insert(link.identity).inserted && enters(link.path) {
        try search(link.path, link.place, link.parts)
      }
    }
    return found.sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether the last parts of a path fit a pattern of names, such as `old/*.jpg`; all of them where the pattern starts with
  /// a slash.
  static func path(_ path: String, endsAs pattern: String) -> Bool {
    func parts(_ text: String) -> [String] {
      text.split(separator: "/").map(String.init).filter { $0 != "." }
    }
    let (names, wanted) = (parts(path), parts(pattern))
    func fits(_ names: ArraySlice<String>, _ wanted: ArraySlice<String>) -> Bool {
      guard let part = wanted.first else { return names.isEmpty }
      if part == "**" {
        return (names.startIndex...names.endIndex).contains { fits(names[$0...], wanted.dropFirst()) }
      }
      return names.first.map { name($0, matches: part) } == true
        && fits(names.dropFirst(), wanted.dropFirst())
    }
    let starts = pattern.hasPrefix("/") ? 0...0 : 0...names.count
    return !wanted.isEmpty && starts.contains { fits(names[$0...], wanted[...]) }
  }

  /// Whether a name fits one part of a pattern.
  static func name(_ name: String, matches part: String) -> Bool {
    if name.hasPrefix("."), !part.hasPrefix(".") { return false }
    let text = Array(name.unicodeScalars)
    let pattern = Array(part.unicodeScalars)
    var (t, p) = (0, 0)
    // Where the last star stands, and how far into the text it reaches.
    var star: (pattern: Int, text: Int)?
    while t < text.count || p < pattern.count {
      if p < pattern.count, pattern[p] == "*" {
        star = (p + 1, t)
        p += 1
      } else if t < text.count, p < pattern.count, let next = step(pattern, p, text[t]) {
        (t, p) = (t + 1, next)
      } else if let last = star, last.text < text.count {
        star = (last.pattern, last.text + 1)
        (t, p) = (last.text + 1, last.pattern)
      } else {
        return false
      }
    }
    return true
  }

  /// Where the pattern goes on after one character that fits it; nil where `scalar` does not.
  private static func step(_ pattern: [Unicode.Scalar], _ at: Int, _ scalar: Unicode.Scalar) -> Int? {
    switch pattern[at] {
    case "?": return at + 1
    case "[":
      guard let (fits, next) = bracket(pattern, at, scalar) else { return scalar == "[" ? at + 1 : nil }
      return fits ? next : nil
    case "\\" where at + 1 < pattern.count: return pattern[at + 1] == scalar ? at + 2 : nil
    default: return pattern[at] == scalar ? at + 1 : nil
    }
  }

  /// Whether `scalar` is in the set that starts at `at`, and where the set ends; nil where it has no end, and so is none.
  private static func bracket(
    _ pattern: [Unicode.Scalar], _ at: Int, _ scalar: Unicode.Scalar
  ) -> (fits: Bool, next: Int)? {
    var index = at + 1
    let isNegated = index < pattern.count && (pattern[index] == "!" || pattern[index] == "^")
    if isNegated { index += 1 }
    let first = index
    var fits = false
    // A closing bracket that comes first is one of the set.
    while index < pattern.count, pattern[index] != "]" || index == first {
      var low = pattern[index]
      if low == "\\", index + 1 < pattern.count {
        index += 1
        low = pattern[index]
      }
      var high = low
      if index + 2 < pattern.count, pattern[index + 1] == "-", pattern[index + 2] != "]" {
        high = pattern[index + 2]
        index += 2
      }
      if low <= scalar, scalar <= high { fits = true }
      index += 1
    }
    return index < pattern.count ? (fits != isNegated, index + 1) : nil
  }
}
