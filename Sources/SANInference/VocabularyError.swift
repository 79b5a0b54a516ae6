import SANCore

/// A class list that cannot be used. Positions count from 0.
public enum VocabularyError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no class.
  case empty
  /// A class has no title but white space.
  case blank(position: Int)
  /// A synonym of a class has no text but white space.
  case blankSynonym(title: String, position: Int)
  /// A name that may compete with the classes has no text but white space.
  case blankBackground(position: Int)
  /// Two classes have titles that read the same to the model, which ignores case and extra spaces.
  case duplicate(name: String, first: Int, second: Int)
  /// Two synonyms, of two classes or of one, read the same to the model.
  case duplicateSynonym(name: String, titles: [String], first: Int, second: Int)
  /// There are more classes, or more names, than labels.
  case tooMany(count: Int)

  /// The error in one line.
  public var description: String {
    switch self {
    case .empty: "the class list is empty: name at least one class, such as \"cat,dog\""
    case .blank(let position): "class \(position + 1) is blank: remove it or give it a name"
    case .blankSynonym(let title, _): "class \"\(title)\" has a blank synonym: remove it or fill it in"
    case .blankBackground(let position):
      "background name \(position + 1) is blank: remove it or give it a name"
    case .duplicate(let name, let first, let second):
      "class \"\(name)\" is given twice, as numbers \(first + 1) and \(second + 1) (case and extra spaces do not count): "
        + "remove one"
    case .duplicateSynonym(let name, let titles, _, _):
      "\"\(name)\" is given twice, in "
        + (titles.count == 1
          ? "class \"\(titles[0])\"" : titles.map { "class \"\($0)\"" }.joined(separator: " and "))
        + " (case and extra spaces do not count): remove one"
    case .tooMany(let count):
      "\(count) classes and synonyms are more than the \(Vocabulary.maximumClasses) that are allowed: split the list"
    }
  }

  /// Throws unless the model can tell all names of `classes` apart, and results all titles.
  package static func check(_ classes: [ClassName]) throws {
    guard !classes.isEmpty else { throw VocabularyError.empty }
    let count = classes.reduce(0) { $0 + $1.synonyms.count }
    guard count <= Vocabulary.maximumClasses else { throw VocabularyError.tooMany(count: count) }
    var (titles, names): ([String: Int], [String: Int]) = ([:], [:])
    for (index, name) in classes.enumerated() {
      let title = TextCleaning.clean(name.title)
      guard !title.isEmpty else { throw VocabularyError.blank(position: index) }
      if let first = titles.updateValue(index, forKey: title) {
        throw VocabularyError.duplicate(name: name.title, first: first, second: index)
      }
      for synonym in name.synonyms {
        let clean = TextCleaning.clean(synonym)
        guard !clean.isEmpty else {
          throw VocabularyError.blankSynonym(title: name.title, position: index)
        }
        if let first = names.updateValue(index, forKey: clean) {
          throw VocabularyError.duplicateSynonym(
            name: synonym, titles: first == index ? [name.title] : [classes[first].title, name.title],
            first: first, second: index)
        }
      }
    }
  }
}
