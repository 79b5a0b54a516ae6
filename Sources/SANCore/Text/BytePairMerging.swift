/// Merges of neighbouring symbols, the best-ranked pair first and of equal ones the leftmost, until no pair is left that the
/// table knows.
struct BytePairMerging {
  private let table: MergeTable
  /// Symbols by their place; −1 where one was merged into the symbol before it.
  private var symbols: [Int32]
  /// The places of each symbol's neighbours: −1 before the first, `symbols.count` after the last.
  private var previous: [Int]
  private var next: [Int]
  /// Pairs that the table knows, as a binary heap: the rank in the upper half, the place of the left symbol in the lower.
  private var pairs: [UInt64] = []

  /// What the bytes of a word, as `symbols`, become.
  static func merge(_ symbols: some Collection<Int32>, by table: MergeTable) -> [Int32] {
    var merging = BytePairMerging(symbols, table)
    merging.run()
    return merging.symbols.filter { $0 >= 0 }
  }

  private init(_ symbols: some Collection<Int32>, _ table: MergeTable) {
    self.symbols = Array(symbols)
    self.table = table
    previous = self.symbols.indices.map { $0 - 1 }
    next = self.symbols.indices.map { $0 + 1 }
    for place in self.symbols.indices.dropLast() { addPair(at: place) }
  }

  private mutating func run() {
    while let pair = takeBest() {
      let place = Int(truncatingIfNeeded: pair & 0xFFFF_FFFF)
      let best = Int32(truncatingIfNeeded: pair >> 32)
      // Pairs whose symbols have changed since are still in the heap.
      guard rank(at: place) == best else { continue }
      let right = next[place]
      symbols[place] = MergeTable.firstMergedID + best
      symbols[right] = -1
      next[place] = next[right]
      if next[place] < symbols.count { previous[next[place]] = place }
      addPair(at: place)
      if previous[place] >= 0 { addPair(at: previous[place]) }
    }
  }

  /// The rank of the symbol at `place` with the one after it.
  private func rank(at place: Int) -> Int32? {
    let right = next[place]
    guard symbols[place] >= 0, right < symbols.count else { return nil }
    return table.ranks[MergeTable.pairKey(symbols[place], symbols[right])]
  }

  private mutating func addPair(at place: Int) {
    guard let rank = rank(at: place) else { return }
    pairs.append(UInt64(rank) << 32 | UInt64(place))
    var child = pairs.count - 1
    while child > 0, pairs[child] < pairs[(child - 1) / 2] {
      pairs.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func takeBest() -> UInt64? {
    guard let best = pairs.first, let last = pairs.popLast() else { return nil }
    guard !pairs.isEmpty else { return best }
    pairs[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < pairs.count && pairs[child] < pairs[least] {
        least = child
      }
      if least == parent { return best }
      pairs.swapAt(parent, least)
      parent = least
    }
  }
}
