import SANCore
import SANWeights

/// Class names of standard data sets that come with the package.
///
/// ```swift
/// let vocabulary = try segmenter.vocabulary(Vocabularies.names(of: "ade20k-150"), background: .none)
/// ```
public enum Vocabularies {
  /// The sets' names; the number in a name is how many classes the set has.
  public static let all = [
    "coco-stuff-171", "coco-80", "voc-20", "pascal-context-59", "pascal-context-459", "ade20k-150",
    "ade20k-847", "cityscapes-19",
  ]

  /// The class names of `vocabulary`, one of ``all``, in the data set's own order: an index is the data set's label.
  ///
  /// A comma within a name stays: ADE20K's "building, edifice" is one name, as in the published evaluation.
  ///
  /// - Throws: ``UnknownVocabularyError``, or `ResourceError` or `FileError` where the list cannot be read.
  public static func names(of vocabulary: String) throws -> [String] {
    guard all.contains(vocabulary) else { throw UnknownVocabularyError(name: vocabulary) }
    let bytes = try MappedFile.contents(of: SANWeights.vocabularyPath(vocabulary), limit: 1 << 20)
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

/// No set of class names of this name comes with the package.
public struct UnknownVocabularyError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The name asked for.
  public let name: String

  package init(name: String) { self.name = name }

  /// The error in one line.
  public var description: String {
    "there is no vocabulary \"\(name)\"; there are \(Vocabularies.all.joined(separator: ", "))"
  }
}
