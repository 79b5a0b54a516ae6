/// Pooling from one grid to another of any size: window i of n runs from ⌊i·N/n⌋ to ⌈(i+1)·N/n⌉.
enum AdaptivePooling {
  /// The cells of `input` that cell `index` of `output` is pooled from.
  static func window(_ index: Int, _ input: Int, _ output: Int) -> Range<Int> {
    index * input / output..<((index + 1) * input + output - 1) / output
  }
}
