import Dispatch
import SANCore

/// Of these forms ``maximumConcurrentRuns`` run at once, however many tasks ask; the others wait, in the order in which they
/// asked, without a thread or scratch memory.
extension Segmenter {
  /// As the synchronous form, off Swift's own threads, and cancelled with the task.
  ///
  /// - Throws: as the synchronous form does.
  public func vocabulary(
    _ classes: [String], background: Background = .distractors, templates: PromptTemplates = .vild,
    control: RunControl = RunControl()
  ) async throws -> Vocabulary {
    try await detached(control) {
      try self.vocabulary(classes, background: background, templates: templates, control: control)
    }
  }

  /// As the synchronous form, off Swift's own threads, and cancelled with the task.
  ///
  /// - Throws: as the synchronous form does.
  public func vocabulary(
    _ classes: [ClassName], synonyms: SynonymPooling = .best, background: Background = .distractors,
    templates: PromptTemplates = .vild, control: RunControl = RunControl()
  ) async throws -> Vocabulary {
    try await detached(control) {
      try self.vocabulary(
        classes, synonyms: synonyms, background: background, templates: templates, control: control)
    }
  }

  /// As the synchronous form, off Swift's own threads, and cancelled with the task.
  ///
  /// - Throws: as the synchronous form does.
  public func encode(
    _ image: RGBImage, shortSide: Int? = nil, resampling: ResamplingFilter = .bicubic,
    views: ViewOptions = .one, control: RunControl = RunControl()
  ) async throws -> EncodedImage {
    try await detached(control) {
      try self.encode(
        image, shortSide: shortSide, resampling: resampling, views: views, control: control)
    }
  }

  /// As the synchronous form, off Swift's own threads, and cancelled with the task.
  ///
  /// - Throws: as the synchronous form does.
  public func encode(
    _ image: RGBImage, resizedTo target: TargetSize, resampling: ResamplingFilter = .bicubic,
    views: ViewOptions = .one, control: RunControl = RunControl()
  ) async throws -> EncodedImage {
    try await detached(control) {
      try self.encode(
        image, resizedTo: target, resampling: resampling, views: views, control: control)
    }
  }

  /// As the synchronous form, off Swift's own threads, and cancelled with the task.
  ///
  /// - Throws: as the synchronous form does.
  public func segment(
    _ image: EncodedImage, vocabulary: Vocabulary, threshold: Float? = nil, scores: Bool = false,
    doubt: Bool = false, control: RunControl = RunControl()
  ) async throws -> Segmentation {
    try await detached(control) {
      try self.segment(
        image, vocabulary: vocabulary, threshold: threshold, scores: scores, doubt: doubt, control: control)
    }
  }

  /// As the synchronous form, off Swift's own threads, and cancelled with the task.
  ///
  /// - Throws: as the synchronous form does.
  public func segment(
    _ image: RGBImage, vocabulary: Vocabulary, shortSide: Int? = nil, resampling: ResamplingFilter = .bicubic,
    views: ViewOptions = .one, threshold: Float? = nil, scores: Bool = false, doubt: Bool = false,
    control: RunControl = RunControl()
  ) async throws -> Segmentation {
    try await detached(control) {
      try self.segment(
        image, vocabulary: vocabulary, shortSide: shortSide, resampling: resampling, views: views,
        threshold: threshold, scores: scores, doubt: doubt, control: control)
    }
  }

  /// Runs `body` on a thread of its own, as a run blocks its thread for long, when it is its turn.
  private func detached<R: Sendable>(
    _ control: RunControl, _ body: @escaping @Sendable () throws -> R
  ) async throws -> R {
    try await withTaskCancellationHandler {
      try await gate.enter()
      defer { gate.leave() }
      return try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global(qos: .userInitiated).async {
          continuation.resume(with: Result(catching: body))
        }
      }
    } onCancel: {
      control.cancel()
    }
  }
}
