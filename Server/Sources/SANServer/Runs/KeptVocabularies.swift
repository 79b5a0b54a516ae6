import SANInference
import Synchronization

/// The vocabularies that were used last: the same question about many photos costs its text once.
final class KeptVocabularies: Sendable {
  /// What a vocabulary is made of.
  struct Key: Hashable {
    let model: String
    let classes: [ClassName]
    let background: Background
  }

  private let count: Int
  /// The last one used at the end.
  private let entries = Mutex<[(key: Key, vocabulary: Vocabulary)]>([])

  /// Keeps `count` vocabularies.
  init(count: Int = 32) { self.count = count }

  /// The vocabulary of `key`, made by `make` where it is not here.
  func vocabulary(_ key: Key, make: () throws -> Vocabulary) rethrows -> Vocabulary {
    let kept = entries.withLock { entries -> Vocabulary? in
      guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
      let entry = entries.remove(at: index)
      entries.append(entry)
      return entry.vocabulary
    }
    if let kept { return kept }
    // Not under the lock: it takes long. Two that ask for the same at once both make it.
    let vocabulary = try make()
    entries.withLock { entries in
      entries.removeAll { $0.key == key }
      entries.append((key, vocabulary))
      if entries.count > count { entries.removeFirst() }
    }
    return vocabulary
  }
}
