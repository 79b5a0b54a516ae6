/// A model that proposes masks for a picture and names them by text: all that a segmenter has to know of it.
///
/// What depends on the picture alone is made once, by ``encode(_:workspace:enter:checkpoint:)``, and what depends on the
/// names alone once, by ``textClassifier(_:workspace:progress:)``; ``classLogits(_:classifier:)`` brings them together and is
/// cheap; ``ClassScores`` makes of logits what pixels are scored with. A segmenter hands proposals back as it got them.
public protocol SegmentationModel: Sendable {
  /// The model's name, its sizes, and how photos and prompts are prepared for it.
  var configuration: SANConfiguration { get }

  /// Proposes masks for a normalised picture `[3, height, width]`, padded to multiples of ``SANConfiguration/sizeDivisor``,
  /// and embeds each in the joint space of pictures and text.
  ///
  /// `enter` is called before each stage, in the order of ``EncodingStage``, and `checkpoint` often in between. What they
  /// throw ends the run.
  func encode(
    _ image: PlanarImage, workspace: Workspace, enter: (EncodingStage) throws -> Void,
    checkpoint: () throws -> Void
  ) throws -> MaskProposals

  /// The text classifier `[K + 1, E]`, rows of unit length: a row a class, then "no object"; that row alone where there are
  /// no prompts.
  ///
  /// `prompts` holds each class's token sequences, one a template, each within the configuration's context length. A class's
  /// row does not depend on the classes beside it. `progress` is told how many of all prompts are done; what it throws ends
  /// the run.
  func textClassifier(
    _ prompts: [[[Int32]]], workspace: Workspace, progress: (_ done: Int) throws -> Void
  ) throws -> Tensor

  /// Class logits `[N, K + 1]` of embeddings `[N, E]`, of an image's masks or places: one for each row of `classifier`.
  func classLogits(_ embeddings: Tensor, classifier: Tensor) -> Tensor
}

/// A stage of a picture's run through the network, in the order of the run.
public enum EncodingStage: String, Sendable, CaseIterable {
  /// CLIP's first blocks.
  case clip
  /// The side ViT.
  case side
  /// Masks and attention biases.
  case decoder
  /// CLIP's last blocks.
  case recognition
}

extension SegmentationModel {
  /// Class logits `[Q, K + 1]` of an image's masks: one for each row of `classifier`.
  public func classLogits(_ proposals: MaskProposals, classifier: Tensor) -> Tensor {
    classLogits(proposals.embeddings, classifier: classifier)
  }

  /// Class probabilities `[Q, K]`: the softmax over classes and "no object", the last column dropped.
  public static func classProbabilities(_ logits: Tensor) -> Tensor { ClassScores.probabilities(logits) }
}

extension SANModel: SegmentationModel {
  /// A stage of ``encode(_:workspace:enter:checkpoint:)``.
  public typealias Stage = EncodingStage
}
