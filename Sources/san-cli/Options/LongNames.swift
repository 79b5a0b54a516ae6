import SANCore
import SANInference

/// Names that have more tokens than the model reads.
enum LongNames {
  /// Warns of each that `vocabulary` has.
  static func warn(of vocabulary: Vocabulary, templates: PromptTemplates, segmenter: Segmenter) throws {
    let limit = segmenter.model.configuration.clip.text.contextLength
    for name in vocabulary.truncated {
      let count = try segmenter.tokenCount(of: name, templates: templates)
      Console.note(
        "san-cli: warning: class name \"\(name.shortened)\" has \(count) tokens in its longest sentence; "
          + "the model reads \(limit): shorten it")
    }
  }
}
