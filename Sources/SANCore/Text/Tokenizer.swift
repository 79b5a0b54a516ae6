/// CLIP's tokenizer: text is cleaned (``TextCleaning``), cut into words (`WordSplitter`), and the bytes
/// of each word are merged, the best-ranked pair first.
///
///     let tokenizer = try Tokenizer(merges: bytes, vocabularySize: 49_408)
///     tokenizer.encode("a photo of a cat.")  // [49406, 320, 1125, 539, 320, 2368, 269, 49407]
public struct Tokenizer: Sendable {
  /// The number of tokens: 256 bytes, the same at the end of a word, the merges, start and end.
  public let vocabularySize: Int
  /// The token before every text, `vocabularySize − 2`.
  public var startToken: Int32 { Int32(vocabularySize - 2) }
  /// The token after every text, `vocabularySize − 1`.
  public var endToken: Int32 { Int32(vocabularySize - 1) }

  private let table: MergeTable
  /// The most bytes of a token.
  private let longestToken: Int

  /// Reads a merge table: UTF-8 text, one merge a line, its two symbols separated by a space.
  ///
  /// - Parameters:
  ///   - merges: The table. Lines after the ones that the vocabulary has room for are not read.
  ///   - vocabularySize: The number of tokens (CLIP: 49,408). The first `vocabularySize − 514` merges are
  ///     taken.
  /// - Throws: ``TokenizerError`` where the vocabulary's size is out of range, or the table is damaged or too short.
  public init(merges: some Collection<UInt8>, vocabularySize: Int) throws(TokenizerError) {
    guard (514...1 << 20).contains(vocabularySize) else { throw .vocabularySize(vocabularySize) }
    self.vocabularySize = vocabularySize
    let count = vocabularySize - 514
    let result = merges.withContiguousStorageIfAvailable { bytes in
      Result { () throws(TokenizerError) in try MergeTable(bytes, count: count) }
    }
    if let result {
      table = try result.get()
    } else {
      table = try Array(merges).withUnsafeBufferPointer { bytes throws(TokenizerError) in
        try MergeTable(bytes, count: count)
      }
    }
    longestToken = table.symbols.longest
  }

  /// The tokens of a text, start and end included, whatever their number.
  public func encode(_ text: String) -> [Int32] {
    var mergedBytes = 0
    return tokens(of: text, limit: nil, mergedBytes: &mergedBytes) + [endToken]
  }

  /// The tokens of a text, cut to a length as CLIP does it: of a text that is too long the first
  /// `contextLength` tokens stay, and the last of them becomes the end token.
  ///
  /// - Parameters:
  ///   - text: A prompt, as it was written.
  ///   - contextLength: The largest number of tokens (CLIP: 77), at least 2.
  /// - Returns: At most `contextLength` tokens, unpadded, and whether any were cut off.
  public func encode(_ text: String, contextLength: Int) -> (tokens: [Int32], wasTruncated: Bool) {
    var mergedBytes = 0
    return encode(text, contextLength: contextLength, mergedBytes: &mergedBytes)
  }

  /// The same; `mergedBytes` grows by the bytes that were merged into tokens, some more than once: of a long text about as
  /// many as the tokens that are kept have, whatever its length.
  package func encode(
    _ text: String, contextLength: Int, mergedBytes: inout Int
  ) -> (tokens: [Int32], wasTruncated: Bool) {
    precondition(contextLength >= 2, "a context holds the start and the end token at least")
    var tokens = tokens(of: text, limit: contextLength, mergedBytes: &mergedBytes)
    // With the end token there is one more.
    let wasTruncated = tokens.count >= contextLength
    if wasTruncated { tokens.removeSubrange((contextLength - 1)...) }
    return (tokens + [endToken], wasTruncated)
  }

  /// The cleaned text that tokens stand for: words and punctuation with a space after each, start and end
  /// left out, bytes that are not UTF-8 replaced by U+FFFD.
  ///
  /// - Parameter tokens: Tokens of this vocabulary (`0 ..< vocabularySize`).
  public func decode(_ tokens: some Sequence<Int32>) -> String {
    var bytes: [UInt8] = []
    for token in tokens where token != startToken && token != endToken {
      precondition(token >= 0 && token < endToken, "not a token of this vocabulary")
      let symbol = table.symbols.bytes(of: Int(token))
      bytes.append(contentsOf: symbol.bytes)
      if symbol.endsWord { bytes.append(UInt8(ascii: " ")) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The tokens of a text, the start included and the end not: all of them, or of a text that has more than `limit` at least
  /// as many.
  private func tokens(of text: String, limit: Int?, mergedBytes: inout Int) -> [Int32] {
    var tokens = [startToken]
    let scalars = TextCleaning.cleanScalars(text)
    for word in WordSplitter(scalars) {
      let left = limit.map { $0 - tokens.count }
      if let left, left <= 0 { break }
      switch word.kind {
      case .startOfText: tokens.append(startToken)
      case .endOfText: tokens.append(endToken)
      case .text: tokens += self.tokens(of: scalars[word.range], limit: left, mergedBytes: &mergedBytes)
      }
    }
    return tokens
  }

  /// The tokens of a word: all of them, or of a word that has more than `limit` at least as many.
  private func tokens(
    of word: ArraySlice<Unicode.Scalar>, limit: Int?, mergedBytes: inout Int
  ) -> [Int32] {
    // Most tokens have fewer than four bytes.
    var count = limit.map { 4 * $0 + longestToken } ?? .max
    while true {
      let (symbols, isWhole) = symbols(of: word, atMost: count)
      if isWhole {
        mergedBytes += symbols.count
        return BytePairMerging.merge(symbols, by: table)
      }
      if let limit, let tokens = firstTokens(limit, of: symbols, mergedBytes: &mergedBytes) { return tokens }
      count *= 2
    }
  }

  /// The bytes of a word as symbols, the last one as the word's end; of a word that has more than `count` the first `count`,
  /// none of them as its end.
  private func symbols(
    of word: ArraySlice<Unicode.Scalar>, atMost count: Int
  ) -> (symbols: [Int32], isWhole: Bool) {
    var symbols: [Int32] = []
    for scalar in word {
      for byte in UTF8.encode(scalar)! {
        if symbols.count == count { return (symbols, false) }
        symbols.append(ByteSymbols.symbols[Int(byte)])
      }
    }
    symbols[symbols.count - 1] += 256
    return (symbols, true)
  }

  /// The first `count` tokens of a word that starts with `symbols` and goes on, if these show them.
  ///
  /// Whatever follows, the whole word is cut between two of its tokens at one of the last ``longestToken`` places of
  /// `symbols`. No merge reached over that cut, so what is before it is merged as it is alone. Where all of these places give
  /// the same first tokens, they are the word's.
  private func firstTokens(_ count: Int, of symbols: [Int32], mergedBytes: inout Int) -> [Int32]? {
    var first: ArraySlice<Int32>?
    var seen: Set<Int> = []
    for end in stride(from: symbols.count, to: symbols.count - longestToken, by: -1) where !seen.contains(end)
    {
      mergedBytes += end
      let tokens = BytePairMerging.merge(symbols[..<end], by: table)
      guard tokens.count >= count, first == nil || first == tokens[..<count] else { return nil }
      first = tokens[..<count]
      // Cut at an earlier token's end, it would be merged to the same tokens up to there.
      var place = 0
      for (index, token) in tokens.enumerated() {
        place += table.symbols.bytes(of: Int(token)).bytes.count
        if index + 1 >= count { seen.insert(place) }
      }
    }
    return first.map(Array.init)
  }
}
