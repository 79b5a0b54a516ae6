import CVectorKernels

/// How precisely a network computes its linear layers, which take most of its time, and the attention of its blocks. Everything
/// else is single precision, and so are the layers that ``SANConfiguration/float32Layers`` names.
public enum Precision: String, Sendable, Hashable, CaseIterable {
  /// Single precision: the published numbers.
  case float32 = "f32"
  /// Weights, activations, and attention's queries, keys, values and probabilities rounded to bfloat16; sums and softmax of single
  /// precision. Offered where the processor has the instructions: AVX-512 BF16.
  case bfloat16 = "bf16"
  /// Weights and activations as 8-bit integers: weights by output channel, activations by row as they come, sums exact.
  /// Attention is of bfloat16 where that is offered, else of single precision.
  case int8

  /// Those that this machine computes in, whatever the model.
  public static let offered = allCases.filter(\.isOffered)

  /// Whether this machine computes in it.
  public var isOffered: Bool {
    self != .bfloat16 || KernelSet.current.table.pointee.bf16.pointee.is_offered != 0
  }

  /// The instructions that a processor must have for it; nil for none.
  public var instructions: String? { self == .bfloat16 ? "AVX-512 BF16" : nil }

  /// Throws where this machine does not compute in it.
  public func checkOffered() throws(PrecisionError) {
    if !isOffered { throw .notOffered(self, offered: Precision.offered) }
  }

  /// In what attention between the outputs of layers of this precision is computed.
  var ofAttention: Precision {
    switch self {
    case .float32, .bfloat16: self
    case .int8: Precision.bfloat16.isOffered ? .bfloat16 : .float32
    }
  }
}
