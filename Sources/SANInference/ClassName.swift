/// A class: what it is called, and the names under which the model looks for it.
///
/// ```swift
/// let vocabulary = try segmenter.vocabulary(["dog", ClassName("cat", synonyms: ["cat", "kitten", "tabby"])])
/// ```
public struct ClassName: Sendable, Hashable, ExpressibleByStringLiteral {
  /// What results call the class. The model does not see it unless it is one of ``synonyms``.
  public let title: String
  /// The names that the model compares with the image, at least one; they count as one class.
  public let synonyms: [String]

  /// A class of the names `synonyms`; of the one name `title` where there are none.
  public init(_ title: String, synonyms: [String] = []) {
    self.title = title
    self.synonyms = synonyms.isEmpty ? [title] : synonyms
  }

  /// A class of one name.
  public init(stringLiteral name: String) { self.init(name) }

  /// The class that `text` describes: `cat`, or `cat=cat|kitten|tabby` for a title and its synonyms.
  ///
  /// White space around names does not count. A backslash takes the next character as it is, so `\=`, `\|` and `\\` are
  /// the characters themselves.
  ///
  /// - Throws: ``ClassSyntaxError``. Whether other names are blank, or any given twice, is checked with the whole list.
  public init(parsing text: some StringProtocol) throws(ClassSyntaxError) {
    let parts = EscapedText.split(text, at: "=")
    guard parts.count <= 2 else { throw .secondEqualsSign(text: String(text)) }
    let names = EscapedText.split(parts[parts.count - 1], at: "|").map(EscapedText.plain)
    guard parts.count == 2 else {
      guard names.count == 1 else { throw .noTitle(text: String(text)) }
      self.init(names[0])
      return
    }
    let title = EscapedText.plain(parts[0])
    guard !title.isEmpty else { throw .blankTitle(text: String(text)) }
    self.init(title, synonyms: names)
  }

  /// The classes that `text` lists, each as ``init(parsing:)`` takes it: `cat=cat|kitten,dog`. Commas separate them, and `\,`
  /// is the character. An empty text lists none.
  ///
  /// - Throws: ``ClassSyntaxError``.
  public static func list(parsing text: some StringProtocol) throws(ClassSyntaxError) -> [ClassName] {
    var classes: [ClassName] = []
    if text.isEmpty { return classes }
    for part in EscapedText.split(text, at: ",") { classes.append(try ClassName(parsing: part)) }
    return classes
  }
}

/// Text that does not describe a class.
public enum ClassSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Synonyms without a title.
  case noTitle(text: String)
  /// Nothing but white space before the `=`.
  case blankTitle(text: String)
  /// More than one `=`.
  case secondEqualsSign(text: String)

  /// The error in one line.
  public var description: String {
    switch self {
    case .noTitle(let text):
      "\"\(text)\" has synonyms but no title: write it before them, as in cat=cat|kitten (\\| is the character)"
    case .blankTitle(let text):
      "\"\(text)\" has no title before the =: write one, as in cat=cat|kitten (\\= is the character)"
    case .secondEqualsSign(let text):
      "\"\(text)\" has a second =: write \\= for the character within a name"
    }
  }
}

/// How a class's synonyms become one score.
///
/// ``best`` is the default: a name that does not suit costs a class less there than with ``mean``. The figures are in
/// <doc:YourOwnVocabulary>.
public enum SynonymPooling: String, Sendable, Hashable, CaseIterable {
  /// Each mask counts for the class as much as for the best of its synonyms: the highest of their class logits, before
  /// the softmax over classes and "no object".
  case best
  /// The class has one embedding: the mean of its synonyms', made unit length again.
  case mean
}
