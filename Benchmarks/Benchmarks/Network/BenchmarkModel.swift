import SANCore

/// SAN ViT-B/16 on made-up weights, and an input of 640×640.
struct BenchmarkModel: Sendable {
  let parameters: ModelParameters
  let model: SANModel
  /// `[3, 640·640]`, normalised.
  let pixels: Tensor
  static let size = Grid(height: 640, width: 640)

  static let shared = BenchmarkModel()

  private init() {
    parameters = ModelParameters(configuration: .vitB16) { _, shape in
      BenchmarkModel.noise(shape, scale: 0.02)
    }
    model = SANModel(parameters)
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
}
