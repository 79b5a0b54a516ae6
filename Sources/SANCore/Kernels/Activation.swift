import CVectorKernels

/// What an MLP does between its layers.
public enum Activation: Sendable, Hashable {
  /// x
  case identity
  /// max(x, 0): the mask decoder.
  case relu
  /// min(max(x, 0), 6): EfficientNet-Lite.
  case relu6
  /// x·σ(1.702·x): CLIP.
  case quickGELU
  /// x·(1 + erf(x/√2))/2: the side ViT.
  case gelu

  /// Replaces the `count` values at `x`.
  public func apply(_ x: UnsafeMutablePointer<Float>, count: Int, kernels: KernelSet = .current) {
    kernels.table.pointee.activate(x, count, code)
  }

  /// The activation's number in the tables of kernels.
  var code: Int32 {
    switch self {
    case .identity: Int32(VK_IDENTITY)
    case .relu: Int32(VK_RELU)
    case .relu6: Int32(VK_RELU6)
    case .quickGELU: Int32(VK_QUICK_GELU)
    case .gelu: Int32(VK_GELU)
    }
  }

  /// The activation of this number.
  init(code: Int32) {
    switch Int(code) {
    case VK_RELU: self = .relu
    case VK_RELU6: self = .relu6
    case VK_QUICK_GELU: self = .quickGELU
    case VK_GELU: self = .gelu
    default: self = .identity
    }
  }
}
