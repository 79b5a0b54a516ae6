/// How precisely a network computes its linear layers, which take most of its time. Everything else is single precision.
public enum Precision: String, Sendable, Hashable, CaseIterable {
  /// Single precision: the published numbers.
  case float32 = "f32"
  /// Weights and activations as 8-bit integers: weights by output channel, activations by row as they come, sums exact. The
  /// layers that ``SANConfiguration/float32Layers`` names stay in single precision.
  case int8
}
