import SANCore
import SANWeights

/// Class names of standard data sets that come with the package.
public enum Vocabularies {
  /// The names of `vocabulary`, such as `coco-stuff-171`, in the data set's own order.
  ///
  /// - Throws: `ResourceError` or `FileError` where the list cannot be read.
  public static func names(of vocabulary: String) throws -> [String] {
    let bytes = try MappedFile.contents(of: SANWeights.vocabularyPath(vocabulary), limit: 1 << 20)
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
