import SANCore

/// Classes made ready for a model: names, and their embeddings as the classifier of mask embeddings.
///
/// Made once by ``Segmenter/vocabulary(_:background:templates:control:)`` and used for any number of images.
public struct Vocabulary: Sendable {
  /// The user's classes, in the order given: a class's index is its label.
  public let classes: [String]
  /// Names that compete with them; what these win is ``LabelMap/other``.
  public let distractors: [String]
  /// The prompt templates' name.
  public let templates: String
  /// Names of which not all tokens fit the model's context: their last ones were dropped.
  public let truncated: [String]
  /// `[classes + distractors + 1, E]`, rows of unit length, "no object" last.
  public let classifier: Tensor

  /// The most classes that a label map can tell apart.
  public static let maximumClasses = Int(LabelMap.other)
}

/// A class list that cannot be used.
public enum VocabularyError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no class.
  case empty
  /// A class has no text but white space.
  case blank(position: Int)
  /// A name that may compete with the classes has no text but white space.
  case blankBackground(position: Int)
  /// Two classes read the same to the model, which ignores case and extra spaces.
  case duplicate(name: String, first: Int, second: Int)
  /// There are more classes than labels.
  case tooMany(count: Int)

  /// The error in one line.
  public var description: String {
    switch self {
    case .empty: "the class list is empty: name at least one class, such as \"cat,dog\""
    case .blank(let position): "class \(position + 1) is blank: remove it or give it a name"
    case .blankBackground(let position):
      "background name \(position + 1) is blank: remove it or give it a name"
    case .duplicate(let name, let first, let second):
      "class \"\(name)\" is given twice, as numbers \(first + 1) and \(second + 1) (case and extra spaces do not count): "
        + "remove one"
    case .tooMany(let count):
      "\(count) classes are more than the \(Vocabulary.maximumClasses) that a label map can hold: split the list"
    }
  }

  /// Throws unless `names` can be told apart by the model.
  package static func check(_ names: [String]) throws {
    guard !names.isEmpty else { throw VocabularyError.empty }
    guard names.count <= Vocabulary.maximumClasses else { throw VocabularyError.tooMany(count: names.count) }
    var seen: [String: Int] = [:]
    for (index, name) in names.enumerated() {
      let clean = TextCleaning.clean(name)
      guard !clean.isEmpty else { throw VocabularyError.blank(position: index) }
      if let first = seen.updateValue(index, forKey: clean) {
        throw VocabularyError.duplicate(name: name, first: first, second: index)
      }
    }
  }
}
