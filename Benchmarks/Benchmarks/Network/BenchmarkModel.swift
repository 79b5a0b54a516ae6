import SANCore

/// SAN ViT-B/16 on made-up weights, and an input of 640×640.
struct BenchmarkModel: Sendable {
  let model: SANModel
  /// `[3, 640·640]`, normalised.
  let pixels: Tensor
  static let size = Grid(height: 640, width: 640)

  static let shared = BenchmarkModel()

  private init() {
    model = SANModel(
      ModelParameters(configuration: .vitB16) { _, shape in BenchmarkModel.noise(shape, scale: 0.02) })
    pixels = BenchmarkModel.noise([3, BenchmarkModel.size.count], scale: 1)
  }

  /// Numbers within ±`scale`, the same for the same shape.
  static func noise(_ shape: [Int], scale: Float) -> Tensor {
    Tensor(shape: shape) { out in
      var state: UInt32 = 1
      for index in 0..<out.count {
        state = state &* 1_664_525 &+ 1_013_904_223
        out[index] = (Float(state >> 8) / 8_388_608 - 1) * scale
      }
    }
  }

  /// The input in `workspace`.
  func image(in workspace: Workspace) -> PlanarImage {
    let planes = workspace.matrix(3, BenchmarkModel.size.count)
    pixels.withUnsafeBufferPointer { planes.pointer.update(from: $0.baseAddress!, count: $0.count) }
    return PlanarImage(planes: planes, size: BenchmarkModel.size)
  }

  /// Tokens in `workspace`.
  static func tokens(_ rows: Int, _ columns: Int, in workspace: Workspace) -> Matrix {
    let matrix = workspace.matrix(rows, columns)
    noise([rows, columns], scale: 1).withUnsafeBufferPointer {
      matrix.pointer.update(from: $0.baseAddress!, count: $0.count)
    }
    return matrix
  }

  /// Scores of 171 classes at 640×480: masks that are sure of most pixels, and queries that are of one class or another.
  static func scores() -> SemanticScores {
    let grid = Grid(height: 40, width: 40)
    let proposals = MaskProposals(
      logits: noise([100, grid.height, grid.width], scale: 8), embeddings: noise([100, 512], scale: 1),
      grid: grid, imageSize: size)
    return SemanticScores(
      proposals, probabilities: SANModel.classProbabilities(noise([100, 172], scale: 10)), cropped: size,
      size: Grid(height: 480, width: 640))
  }
}
