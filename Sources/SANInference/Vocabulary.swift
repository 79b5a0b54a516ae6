import SANCore

/// Classes made ready for a model: names, and their embeddings as the classifier of mask embeddings.
///
/// Made once by `Segmenter.vocabulary` and used for any number of images.
public struct Vocabulary: Sendable {
  /// The titles of the user's classes, in the order given: a class's index is its label.
  public let classes: [String]
  /// Names that compete with them; what these win is ``LabelMap/other``.
  public let distractors: [String]
  /// The prompt templates' name.
  public let templates: String
  /// Names of which not all tokens fit the model's context: their last ones were dropped.
  public let truncated: [String]
  /// `[rows, E]`, rows of unit length: ``rowCounts`` rows for each class, one for each distractor, "no object" last.
  public let classifier: Tensor
  /// Of the model that embedded the names.
  let fingerprint: ModelFingerprint
  /// How many rows of ``classifier`` each class has: one for each synonym where the best of them counts, else 1.
  public let rowCounts: [Int]

  /// The most classes that a label map can tell apart; the names of a vocabulary are no more either.
  public static let maximumClasses = Int(LabelMap.other)

  /// A vocabulary of the embeddings of all synonyms of all classes, then of `distractors`.
  init(
    _ classes: [ClassName], synonyms: SynonymPooling, distractors: [String], templates: PromptTemplates,
    embeddings: [CachedEmbedding], noObject: [Float], fingerprint: ModelFingerprint
  ) {
    let names = classes.flatMap(\.synonyms) + distractors
    precondition(names.count == embeddings.count, "an embedding for each name")
    var (rows, start): ([Float], Int) = ([], 0)
    for count in classes.map(\.synonyms.count) {
      let own = embeddings[start..<start + count].map(\.values)
      rows += synonyms == .mean && count > 1 ? Vocabulary.mean(own) : own.flatMap { $0 }
      start += count
    }
    rows += embeddings[start...].flatMap(\.values) + noObject
    self.classes = classes.map(\.title)
    self.distractors = distractors
    self.templates = templates.name
    self.fingerprint = fingerprint
    truncated = zip(names, embeddings).filter { $0.1.wasTruncated }.map(\.0)
    classifier = Tensor(shape: [rows.count / noObject.count, noObject.count], rows)
    rowCounts = classes.map { synonyms == .best ? $0.synonyms.count : 1 }
  }

  /// The direction `[E]` of the mean of unit vectors, made unit length.
  private static func mean(_ vectors: [[Float]]) -> [Float] {
    var mean = vectors[0]
    mean.withUnsafeMutableBufferPointer { mean in
      for vector in vectors.dropFirst() { VectorMath.addScaled(mean.baseAddress!, vector, mean.count, by: 1) }
      VectorMath.normalize(mean.baseAddress!, mean.count)
    }
    return mean
  }

  /// Class logits `[N, classes + distractors + 1]` of embeddings `[N, E]`, of an image's masks or places, "no object" last: of a
  /// class's rows, the highest.
  package func classLogits(of embeddings: Tensor, model: any SegmentationModel) -> Tensor {
    let logits = model.classLogits(embeddings, classifier: classifier)  // [N, rows]
    guard rowCounts.contains(where: { $0 > 1 }) else { return logits }
    let others = distractors.count + 1
    return logits.withUnsafeBufferPointer { logits in
      Tensor(shape: [embeddings.shape[0], classes.count + others]) { out in
        var (from, to) = (logits.baseAddress!, out.baseAddress!)
        for _ in 0..<embeddings.shape[0] {
          for count in rowCounts {
            to.pointee = UnsafeBufferPointer(start: from, count: count).max()!
            (from, to) = (from + count, to + 1)
          }
          to.update(from: from, count: others)
          (from, to) = (from + others, to + others)
        }
      }
    }
  }
}
