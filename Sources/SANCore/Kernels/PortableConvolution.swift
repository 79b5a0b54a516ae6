import CVectorKernels

/// Depthwise convolutions in plain Swift.
enum PortableConvolution {
  /// One row of outputs: see `vk_depthwise`.
  static func depthwise(_ p: vk_depthwise) {
    let rows = [p.rows.0, p.rows.1, p.rows.2, p.rows.3, p.rows.4]
    for x in 0..<p.outputs {
      let out = p.out + x * p.channels
      out.update(from: p.bias, count: p.channels)
      for dy in 0..<p.kernel {
        guard let row = rows[dy] else { continue }
        for dx in 0..<p.kernel {
          let column = x * p.stride - p.before + dx
          guard (0..<p.columns).contains(column) else { continue }
          let (input, weight) = (row + column * p.channels, p.weight + (dy * p.kernel + dx) * p.channels)
          for channel in 0..<p.channels { out[channel] += input[channel] * weight[channel] }
        }
      }
      for channel in 0..<p.channels { out[channel] = min(max(out[channel], 0), 6) }
    }
  }
}
