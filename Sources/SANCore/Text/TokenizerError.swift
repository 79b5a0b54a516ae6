/// What can be wrong with a table of byte-pair merges.
public enum TokenizerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The vocabulary has no room for the 512 byte symbols and the start and end tokens, or more than the
  /// numbering of tokens can hold.
  case vocabularySize(Int)
  /// The table ends before the vocabulary is full.
  case tooFewMerges(found: Int, needed: Int)
  /// A line (counted from 1) is not two known symbols with one space between them.
  case malformedMerge(line: Int)
  /// A line (counted from 1) makes a symbol that an earlier one has made.
  case repeatedMerge(line: Int)

  /// One plain line.
  public var description: String {
    switch self {
    case .vocabularySize(let size):
      return "a vocabulary of \(size) tokens: it must hold 514 (bytes, start and end) to 1048576"
    case .tooFewMerges(let found, let needed):
      return "the merge table has \(found) lines, the vocabulary needs \(needed); is the file cut short?"
    case .malformedMerge(let line):
      return "line \(line) of the merge table is not two symbols known by then, separated by one space"
    case .repeatedMerge(let line):
      return "line \(line) of the merge table makes a symbol that is already there"
    }
  }
}
