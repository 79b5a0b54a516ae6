import SANInference
import Synchronization

/// What a `san_segmenter` points to: a segmenter, and the classes and threshold that its calls share.
final class SegmenterHandle: Sendable {
  /// What a picture is asked for.
  struct Question {
    var vocabulary: Vocabulary?
    var threshold: Float?
  }

  let segmenter: Segmenter
  /// The model's name.
  let name: CStrings
  private let state = Mutex(Question())

  init(_ segmenter: Segmenter) {
    self.segmenter = segmenter
    name = CStrings([segmenter.name])
  }

  var question: Question { state.withLock { $0 } }

  func set(_ vocabulary: Vocabulary) { state.withLock { $0.vocabulary = vocabulary } }

  func set(threshold: Float?) { state.withLock { $0.threshold = threshold } }

  func segment(_ image: RGBImage) throws -> Segmentation {
    let question = question
    guard let vocabulary = question.vocabulary else {
      throw ArgumentError("the segmenter has no classes: call san_set_classes first")
    }
    return try segmenter.segment(image, vocabulary: vocabulary, threshold: question.threshold)
  }
}
