/// CLIP's byte-pair merges, read from text into numbers.
///
/// Every symbol of the vocabulary is a run of bytes that may or may not end a word. Symbols are numbered
///
///     0 ..< 256      one byte, in the order of CLIP's printable symbols
///     256 ..< 512    the same, ending a word (`</w>`)
///     512 + r        what merge r makes of its pair
///
/// The text writes each byte as one printable character, a merge as two symbols and a space between them, one
/// merge a line: `t h`, `th e</w>`.
struct MergeTable: Sendable {
  static let firstMergedID: Int32 = 512
  static let wordEnd = Array("</w>".utf8)

  /// The rank of the merge of a pair of symbols, by `pairKey`.
  let ranks: [UInt64: Int32]
  let symbols: SymbolTable

  @inline(__always)
  static func pairKey(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Reads the first `count` lines of `text`.
  init(_ text: UnsafeBufferPointer<UInt8>, count: Int) throws(TokenizerError) {
    var symbols = SymbolTable(capacity: Int(Self.firstMergedID) + count)
    for endsWord in [false, true] {
      for byte in ByteSymbols.bytes {
        symbols.begin()
        symbols.append(byte)
        _ = symbols.commit(endsWord: endsWord)
      }
    }

    var ranks = [UInt64: Int32](minimumCapacity: count)
    var start = 0
    for rank in 0..<count {
      guard start < text.count else { throw .tooFewMerges(found: rank, needed: count) }
      var end = start
      var space = -1
      while end < text.count, text[end] != UInt8(ascii: "\n") {
        if text[end] == UInt8(ascii: " "), space < 0 { space = end }
        end += 1
      }
      guard space >= 0 else { throw .malformedMerge(line: rank + 1) }

      // The two parts must be symbols already, so that a merge never waits for a later one.
      symbols.begin()
      guard let leftEnds = symbols.append(text[start..<space]), !leftEnds,
        let left = symbols.find(endsWord: false)
      else { throw .malformedMerge(line: rank + 1) }
      symbols.begin()
      guard let endsWord = symbols.append(text[(space + 1)..<end]),
        let right = symbols.find(endsWord: endsWord)
      else { throw .malformedMerge(line: rank + 1) }

      symbols.begin()
      symbols.append(symbol: left)
      symbols.append(symbol: right)
      guard symbols.commit(endsWord: endsWord) else { throw .repeatedMerge(line: rank + 1) }
      ranks[Self.pairKey(left, right)] = Int32(rank)
      start = end + 1
    }
    self.ranks = ranks
    self.symbols = symbols
  }
}

/// The bytes of every symbol, and the number of a symbol by its bytes: an open-addressing table over one
/// arena.
struct SymbolTable: Sendable {
  private var arena: [UInt8] = []
  private var starts: [Int32] = [0]
  private var endsWord: [Bool] = []
  private var slots: [Int32]

  init(capacity: Int) {
    var size = 1024
    while size < capacity * 2 { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
    arena.reserveCapacity(capacity * 8)
    starts.reserveCapacity(capacity + 1)
    endsWord.reserveCapacity(capacity)
  }

  /// The bytes of a symbol, and whether it ends a word.
  func bytes(of symbol: Int) -> (bytes: ArraySlice<UInt8>, endsWord: Bool) {
    (arena[Int(starts[symbol])..<Int(starts[symbol + 1])], endsWord[symbol])
  }

  /// The most bytes of a symbol.
  var longest: Int { zip(starts, starts.dropFirst()).reduce(0) { max($0, Int($1.1 - $1.0)) } }

  // The candidate is what lies in the arena after the last symbol.

  /// Starts a new candidate.
  mutating func begin() {
    arena.removeLast(arena.count - Int(starts[starts.count - 1]))
  }

  mutating func append(_ byte: UInt8) {
    arena.append(byte)
  }

  mutating func append(symbol: Int32) {
    // Byte by byte: a slice of the arena would make the arena copy itself.
    for i in Int(starts[Int(symbol)])..<Int(starts[Int(symbol) + 1]) { arena.append(arena[i]) }
  }

  /// Adds the bytes that printable characters stand for; says whether `</w>` follows them, or nil where a
  /// character stands for no byte.
  mutating func append(_ written: Slice<UnsafeBufferPointer<UInt8>>) -> Bool? {
    let isEnd = written.count > 4 && written.suffix(4).elementsEqual(MergeTable.wordEnd)
    var i = written.startIndex
    let end = written.endIndex - (isEnd ? 4 : 0)
    guard i < end else { return nil }
    while i < end {
      var scalar = Int(written[i])
      i += 1
      if scalar >= 0x80 {
        // Only two-byte sequences can be one of the 256 printable characters (all below U+0144).
        guard scalar & 0xE0 == 0xC0, i < end, written[i] & 0xC0 == 0x80 else { return nil }
        scalar = (scalar & 0x1F) << 6 | Int(written[i] & 0x3F)
        i += 1
      }
      guard let byte = ByteSymbols.byte(ofScalar: scalar) else { return nil }
      arena.append(byte)
    }
    return isEnd
  }

  /// The symbol equal to the candidate.
  func find(endsWord end: Bool) -> Int32? {
    let slot = slots[slotOfCandidate(endsWord: end)]
    return slot < 0 ? nil : slot
  }

  /// Makes the candidate a symbol; false where there is an equal one.
  mutating func commit(endsWord end: Bool) -> Bool {
    let slot = slotOfCandidate(endsWord: end)
    guard slots[slot] < 0 else { return false }
    slots[slot] = Int32(endsWord.count)
    starts.append(Int32(arena.count))
    endsWord.append(end)
    return true
  }

  private func slotOfCandidate(endsWord end: Bool) -> Int {
    arena.withUnsafeBufferPointer { arena in
      let start = Int(starts[starts.count - 1])
      let candidate = UnsafeBufferPointer(rebasing: arena[start...])
      var hash: UInt64 = end ? 0x9E37_79B9_7F4A_7C15 : 0xCBF2_9CE4_8422_2325  // FNV-1a
      for byte in candidate { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
      var slot = Int(truncatingIfNeeded: hash ^ (hash >> 29)) & (slots.count - 1)
      while slots[slot] >= 0 {
        let symbol = Int(slots[slot])
        let known = arena[Int(starts[symbol])..<Int(starts[symbol + 1])]
        if endsWord[symbol] == end, known.elementsEqual(candidate) { break }
        slot = (slot + 1) & (slots.count - 1)
      }
      return slot
    }
  }
}

/// CLIP's printable characters for the 256 bytes: the printable ones of Latin-1 stand for themselves, the
/// rest are numbered from U+0100 on. Symbols are in that order, the printable ones first.
enum ByteSymbols {
  /// The bytes, by symbol number.
  static let bytes: [UInt8] = printable + (0...255).filter { !printable.contains($0) }

  /// The symbol number, by byte.
  static let symbols: [Int32] = {
    var symbols = [Int32](repeating: 0, count: 256)
    for (symbol, byte) in bytes.enumerated() { symbols[Int(byte)] = Int32(symbol) }
    return symbols
  }()

  /// The byte that a printable character stands for.
  static func byte(ofScalar scalar: Int) -> UInt8? {
    if scalar >= 0x100 {
      return scalar - 0x100 < bytes.count - printable.count ? bytes[printable.count + scalar - 0x100] : nil
    }
    let byte = UInt8(scalar)
    return symbols[scalar] < printable.count ? byte : nil
  }

  private static let printable: [UInt8] = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
}
