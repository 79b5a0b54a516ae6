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
  }

  /// The tokens of a text, start and end included, whatever their number.
  public func encode(_ text: String) -> [Int32] {
    var tokens = [startToken]
    let scalars = TextCleaning.cleanScalars(text)
    for word in WordSplitter(scalars) {
      switch word.kind {
      case .startOfText: tokens.append(startToken)
      case .endOfText: tokens.append(endToken)
      case .text: appendTokens(of: scalars[word.range], to: &tokens)
      }
    }
    tokens.append(endToken)
    return tokens
  }

  /// The tokens of a text, cut to a length as CLIP does it: of a text that is too long the first
  /// `contextLength` tokens stay, and the last of them becomes the end token.
  ///
  /// - Parameters:
  ///   - text: A prompt, as it was written.
  ///   - contextLength: The largest number of tokens (CLIP: 77), at least 2.
  /// - Returns: At most `contextLength` tokens, unpadded, and whether any were cut off.
  public func encode(_ text: String, contextLength: Int) -> (tokens: [Int32], wasTruncated: Bool) {
    precondition(contextLength >= 2, "a context holds the start and the end token at least")
    var tokens = encode(text)
    guard tokens.count > contextLength else { return (tokens, false) }
    tokens.removeSubrange(contextLength...)
    tokens[contextLength - 1] = endToken
    return (tokens, true)
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

  /// Byte-pair encoding of one word.
  private func appendTokens(of word: ArraySlice<Unicode.Scalar>, to tokens: inout [Int32]) {
    var symbols: [Int32] = []
    for scalar in word {
      for byte in UTF8.encode(scalar)! { symbols.append(ByteSymbols.symbols[Int(byte)]) }
    }
    symbols[symbols.count - 1] += 256

    // ranks[i] is the rank of the merge of symbols i and i + 1. A round applies the best one everywhere,
    // from the left, and moves what stays to the front: `kept` counts what is written, `i` is what is read.
    var ranks = (0..<(symbols.count - 1)).map { rank(symbols[$0], symbols[$0 + 1]) }
    while let best = ranks.min(), best != Self.noMerge {
      let merged = MergeTable.firstMergedID + best
      var kept = 0
      var i = 0
      while i < symbols.count {
        let isPair = i < ranks.count && ranks[i] == best
        let symbol = isPair ? merged : symbols[i]
        if kept > 0 {
          let isUnchanged = symbol != merged && symbols[kept - 1] != merged
          ranks[kept - 1] = isUnchanged ? ranks[i - 1] : rank(symbols[kept - 1], symbol)
        }
        symbols[kept] = symbol
        kept += 1
        i += isPair ? 2 : 1
      }
      symbols.removeSubrange(kept...)
      ranks.removeSubrange((kept - 1)...)
    }
    tokens.append(contentsOf: symbols)
  }

  private static let noMerge = Int32.max

  @inline(__always)
  private func rank(_ left: Int32, _ right: Int32) -> Int32 {
    table.ranks[MergeTable.pairKey(left, right)] ?? Self.noMerge
  }
}
