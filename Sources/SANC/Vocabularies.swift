import CSAN
import SANInference
import Synchronization

/// What a `san_vocabulary` points to.
final class VocabularyHandle: Sendable {
  let vocabulary: Vocabulary
  let classes, background, truncated: CStrings

  init(_ vocabulary: Vocabulary) {
    self.vocabulary = vocabulary
    classes = CStrings(vocabulary.classes)
    background = CStrings(vocabulary.distractors)
    truncated = CStrings(vocabulary.truncated)
  }
}

/// The lists that come with the library, kept once they have been asked for.
private enum Builtin {
  static let sets = CStrings(Vocabularies.all)
  private static let read = Mutex<[String: CStrings]>([:])

  static func classes(of set: String) throws -> CStrings {
    try read.withLock { read in
      if let names = read[set] { return names }
      let names = CStrings(try Vocabularies.names(of: set))
      read[set] = names
      return names
    }
  }
}

/// See `san.h`.
@_cdecl("san_builtin_sets")
public func sanBuiltinSets(
  _ sets: UnsafeMutablePointer<UnsafePointer<UnsafePointer<CChar>?>?>?, _ count: UnsafeMutablePointer<Int>?
) -> CInt {
  status { try Builtin.sets.fill(sets, count) }
}

/// See `san.h`.
@_cdecl("san_builtin_classes")
public func sanBuiltinClasses(
  _ set: UnsafePointer<CChar>?, _ names: UnsafeMutablePointer<UnsafePointer<UnsafePointer<CChar>?>?>?,
  _ count: UnsafeMutablePointer<Int>?
) -> CInt {
  status { try Builtin.classes(of: text(set, "set")).fill(names, count) }
}

/// See `san.h`.
@_cdecl("san_vocabulary_new")
public func sanVocabularyNew(
  _ segmenter: OpaquePointer?, _ classes: UnsafePointer<san_class_name>?, _ count: Int, _ synonyms: CInt,
  _ background: CInt, _ names: UnsafePointer<UnsafePointer<CChar>?>?, _ nameCount: Int,
  _ control: OpaquePointer?, _ vocabulary: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let segmenter = object(try needed(segmenter, "segmenter"), as: SegmenterHandle.self).segmenter
    let target = try needed(vocabulary, "vocabulary")
    try checkCount(count, "classes")
    let pooling: SynonymPooling =
      switch Int(synonyms) {
      case SAN_SYNONYMS_BEST: .best
      case SAN_SYNONYMS_MEAN: .mean
      default: throw ArgumentError("synonyms: \(synonyms) is neither best (0) nor mean (1)")
      }
    try checkCount(nameCount, "background names")
    let competing: Background =
      switch Int(background) {
      case SAN_BACKGROUND_NONE: .none
      case SAN_BACKGROUND_DISTRACTORS: .distractors
      case SAN_BACKGROUND_NAMES: .names(try texts(names, count: nameCount, "names"))
      default:
        throw ArgumentError("background: \(background) is neither none (0), distractors (1) nor names (2)")
      }
    guard nameCount == 0 || Int(background) == SAN_BACKGROUND_NAMES else {
      throw ArgumentError("names: there are \(nameCount), which count only with SAN_BACKGROUND_NAMES")
    }
    let list = UnsafeBufferPointer(start: count == 0 ? nil : try needed(classes, "classes"), count: count)
    let made = try list.enumerated().map { index, name in
      try checkCount(name.synonym_count, "synonyms of classes[\(index)]")
      return ClassName(
        try text(name.title, "classes[\(index)].title"),
        synonyms: try texts(name.synonyms, count: name.synonym_count, "classes[\(index)].synonyms"))
    }
    target.pointee = retain(
      VocabularyHandle(
        try segmenter.vocabulary(made, synonyms: pooling, background: competing, control: runControl(control))
      ))
  }
}

/// See `san.h`.
@_cdecl("san_vocabulary_names")
public func sanVocabularyNames(
  _ vocabulary: OpaquePointer?, _ list: CInt,
  _ names: UnsafeMutablePointer<UnsafePointer<UnsafePointer<CChar>?>?>?, _ count: UnsafeMutablePointer<Int>?
) -> CInt {
  status {
    let handle = object(try needed(vocabulary, "vocabulary"), as: VocabularyHandle.self)
    let strings =
      switch Int(list) {
      case SAN_NAMES_CLASSES: handle.classes
      case SAN_NAMES_BACKGROUND: handle.background
      case SAN_NAMES_TRUNCATED: handle.truncated
      default:
        throw ArgumentError("list: \(list) is neither classes (0), background (1) nor truncated names (2)")
      }
    try strings.fill(names, count)
  }
}

/// See `san.h`.
@_cdecl("san_vocabulary_free")
public func sanVocabularyFree(_ vocabulary: OpaquePointer?) { release(vocabulary, as: VocabularyHandle.self) }

/// Throws where a list is longer than any can be. A `size_t` over `Int.max` arrives as a negative number.
func checkCount(_ count: Int, _ what: String) throws(ArgumentError) {
  guard (0...Vocabulary.maximumClasses).contains(count) else {
    throw ArgumentError("\(UInt(bitPattern: count)) \(what) are more than \(Vocabulary.maximumClasses)")
  }
}
