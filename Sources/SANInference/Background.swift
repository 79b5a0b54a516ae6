import SANCore
import SANWeights

/// What pixels may be that are none of the user's classes.
public enum Background: Sendable, Hashable {
  /// Nothing else: every pixel gets the best of the given classes.
  case none
  /// COCO-Stuff's 171 names compete, those near a given class left out; what they win is "other". The default.
  case distractors
  /// These names compete; what they win is "other".
  case names([String])

  /// The names that compete beside `classes`.
  ///
  /// - Throws: `ResourceError` or `FileError` where the built-in names cannot be read.
  public func distractors(beside classes: [String]) throws -> [String] {
    switch self {
    case .none: return []
    case .names(let names): return names
    case .distractors:
      let names = try Vocabularies.names(of: "coco-stuff-171")
      let own = classes.map(NameWords.init)
      return names.filter { name in
        let words = NameWords(name)
        return !own.contains { $0.isNear(words) }
      }
    }
  }
}

/// The words of a class name that carry its meaning, in a form in which near-duplicates are equal.
struct NameWords {
  private let words: Set<String>

  /// Words of COCO-Stuff's names that say "any other of this kind".
  private static let fillers: Set<String> = ["other", "stuff", "a", "an", "the", "of", "and"]

  /// Words for the same thing, by the one that COCO-Stuff uses.
  private static let synonyms: [String: String] = [
    "people": "person", "man": "person", "men": "person", "woman": "person", "women": "person",
    "child": "person",
    "children": "person", "boy": "person", "girl": "person", "human": "person", "rider": "person",
    "kitten": "cat", "puppy": "dog", "automobile": "car", "vehicle": "car", "motorbike": "motorcycle",
    "bike": "bicycle",
    "plane": "airplane", "aeroplane": "airplane", "aircraft": "airplane", "ship": "boat", "sofa": "couch",
    "television": "tv", "monitor": "tv", "computer": "laptop", "phone": "cell phone", "mug": "cup",
    "ocean": "sea",
    "lake": "water", "street": "road", "cloud": "clouds", "leaf": "leaves", "forest": "tree",
    "ground": "dirt",
    "soil": "dirt", "earth": "dirt", "lawn": "grass", "wine": "wine glass", "settee": "couch",
    "lorry": "truck",
    "doughnut": "donut", "dryer": "drier", "fridge": "refrigerator", "bag": "handbag", "ball": "sports ball",
  ]

  init(_ name: String) {
    var words: Set<String> = []
    for part in name.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      let word = String(part)
      if NameWords.fillers.contains(word) { continue }
      let one = NameWords.singular(word)
      let known = NameWords.synonyms[word] ?? NameWords.synonyms[one] ?? one
      for own in known.split(separator: " ") { words.insert(NameWords.singular(String(own))) }
    }
    self.words = words
  }

  /// Whether one name says no more than the other: "car" and "red car", "dining table" and "table".
  func isNear(_ other: NameWords) -> Bool {
    guard !words.isEmpty, !other.words.isEmpty else { return false }
    return words.isSubset(of: other.words) || other.words.isSubset(of: words)
  }

  /// The word without a plural's ending, as far as simple rules go.
  private static func singular(_ word: String) -> String {
    if word.count > 4, word.hasSuffix("ies") { return String(word.dropLast(3)) + "y" }
    for ending in ["ches", "shes", "sses", "xes"] where word.hasSuffix(ending) {
      return String(word.dropLast(2))
    }
    if word.count > 3, word.hasSuffix("s"), !word.hasSuffix("ss"), !word.hasSuffix("us") {
      return String(word.dropLast())
    }
    return word
  }
}
