import SANCore
import SANInference
import Synchronization
import TestSupport

/// A model without weights: it finds a left half and a right one, and the vocabulary's first name means the left, the second
/// the right. It notes how many runs are in it at once.
final class FakeModel: SegmentationModel {
  let configuration = ProceduralModel.toyConfiguration
  private let runs = Mutex((now: 0, most: 0, all: 0))
  private let scale: Float
  private let body: @Sendable () -> Void

  /// `scale` is what similarities are multiplied by; `body` is called within each run.
  init(scale: Float = 10, _ body: @escaping @Sendable () -> Void = {}) {
    (self.scale, self.body) = (scale, body)
  }

  /// The most runs that were in it at once.
  var mostRuns: Int { runs.withLock(\.most) }
  /// All runs so far.
  var allRuns: Int { runs.withLock(\.all) }

  /// A segmenter of `model`.
  static func segmenter(_ model: FakeModel, maximumConcurrentRuns: Int = 2) throws -> Segmenter {
    try Segmenter(
      model, fingerprint: ModelFingerprint(ProceduralModel.parameters(model.configuration)), path: "fake",
      threads: 2, maximumConcurrentRuns: maximumConcurrentRuns)
  }

  private static func unit(_ index: Int, _ width: Int) -> [Float] {
    (0..<width).map { $0 == index ? 1 : 0 }
  }

  func encode(
    _ image: PlanarImage, workspace: Workspace, enter: (EncodingStage) throws -> Void,
    checkpoint: () throws -> Void
  ) throws -> MaskProposals {
    runs.withLock {
      ($0.now, $0.all) = ($0.now + 1, $0.all + 1)
      $0.most = max($0.most, $0.now)
    }
    defer { runs.withLock { $0.now -= 1 } }
    for stage in EncodingStage.allCases {
      try enter(stage)
      try checkpoint()
    }
    body()
    let grid = Grid(height: image.size.height / 16, width: image.size.width / 16)
    let left: [Float] = (0..<grid.count).map { $0 % grid.width < grid.width / 2 ? 8 : -8 }
    let width = configuration.clip.embedding
    return MaskProposals(
      logits: Tensor(shape: [2, grid.height, grid.width], left + left.map { -$0 }),
      embeddings: Tensor(shape: [2, width], Self.unit(0, width) + Self.unit(1, width)), grid: grid,
      imageSize: image.size)
  }

  func textClassifier(
    _ prompts: [[[Int32]]], workspace: Workspace, progress: (_ done: Int) throws -> Void
  ) throws -> Tensor {
    try progress(prompts.count)
    let width = configuration.clip.embedding
    let rows = prompts.indices.flatMap { Self.unit($0, width) } + Self.unit(width - 1, width)
    return Tensor(shape: [prompts.count + 1, width], rows)
  }

  func classLogits(_ embeddings: Tensor, classifier: Tensor) -> Tensor {
    let (queries, classes) = (embeddings.shape[0], classifier.shape[0])
    let width = classifier.shape[1]
    return Tensor(
      shape: [queries, classes],
      (0..<queries * classes).map { index in
        (0..<width).reduce(0) { sum, channel in
          sum + scale * embeddings[index / classes * width + channel]
            * classifier[index % classes * width + channel]
        }
      })
  }
}
