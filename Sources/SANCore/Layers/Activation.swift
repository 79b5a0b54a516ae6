/// What an MLP does between its layers.
public enum Activation: Sendable, Hashable {
  /// x
  case identity
  /// max(x, 0): the mask decoder.
  case relu
  /// x·σ(1.702·x): CLIP.
  case quickGELU
  /// x·(1 + erf(x/√2))/2: the side ViT.
  case gelu

  /// Replaces the `count` values at `x`.
  public func apply(_ x: UnsafeMutablePointer<Float>, count: Int) {
    apply(x, count: count, kernels: .current)
  }

  /// As ``apply(_:count:)``, by one set of kernels.
  package func apply(_ x: UnsafeMutablePointer<Float>, count: Int, kernels: KernelSet) {
    if let table = kernels.table {
      table.pointee.activate(x, count, code)
      return
    }
    switch self {
    case .identity:
      break
    case .relu:
      for index in 0..<count { x[index] = x[index] > 0 ? x[index] : 0 }
    case .quickGELU:
      for index in 0..<count { x[index] *= ScalarMath.sigmoid(1.702 * x[index]) }
    case .gelu:
      for index in 0..<count { x[index] = ScalarMath.gelu(x[index]) }
    }
  }
}
