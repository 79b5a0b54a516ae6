import CVectorKernels

/// Products and attention in bfloat16 in plain Swift: what the vector kernels are tested against. Slow, since sums go one by one.
enum PortableBfloat16 {
  /// The kernels, as a table like those in C.
  nonisolated(unsafe) static let table: UnsafePointer<vk_bf16_kernels> = {
    let table = UnsafeMutablePointer<vk_bf16_kernels>.allocate(capacity: 1)
    table.initialize(
      to: vk_bf16_kernels(
        is_offered: 0,
        round: { round($0, $1, into: $2) },
        pack: { b, stride, columns, depth, packed in
          let packed = packed.assumingMemoryBound(to: UInt16.self)
          for column in 0..<columns {
            round(b + column * stride, depth, into: packed + column * paddedDepth(depth))
          }
        },
        multiply: { multiply($0.pointee, $1.assumingMemoryBound(to: UInt16.self)) },
        pack_tokens: { packTokens($0.pointee, into: $1.assumingMemoryBound(to: UInt16.self)) },
        attend: { attend($0.pointee) }))
    return UnsafePointer(table)
  }()

  private static func paddedDepth(_ depth: Int) -> Int { (depth + 1) / 2 * 2 }

  /// The number nearest to `x`, ties to even; a zero in the place of what is below 2⁻¹²⁶.
  private static func rounded(_ x: Float) -> UInt16 {
    let magnitude = x.bitPattern & 0x7FFF_FFFF
    let upper = UInt16(truncatingIfNeeded: x.bitPattern &>> 16)
    if magnitude < Float.leastNormalMagnitude.bitPattern { return upper & 0x8000 }
    if magnitude > Float.infinity.bitPattern { return upper | 0x40 }
    return UInt16(truncatingIfNeeded: (x.bitPattern &+ 0x7FFF &+ UInt32(upper & 1)) &>> 16)
  }

  private static func single(_ x: UInt16) -> Float { Float(bitPattern: UInt32(x) &<< 16) }

  private static func round(_ x: UnsafePointer<Float>, _ count: Int, into row: UnsafeMutablePointer<UInt16>) {
    for index in 0..<count { row[index] = rounded(x[index]) }
    if count % 2 == 1 { row[count] = 0 }
  }

  /// sum + a·b, as one operation, and a zero in the place of what is below 2⁻¹²⁶.
  private static func adding(_ a: UInt16, _ b: UInt16, to sum: Float) -> Float {
    let result = sum.addingProduct(single(a), single(b))
    return result.magnitude < .leastNormalMagnitude ? Float(signOf: result, magnitudeOf: 0) : result
  }

  /// Σ a·b over pairs of numbers, which lie `aStep` and `bStep` apart.
  private static func dot(
    _ a: UnsafePointer<UInt16>, step aStep: Int = 1, _ b: UnsafePointer<UInt16>, step bStep: Int = 1,
    depth: Int
  ) -> Float {
    var sum: Float = 0
    for k in stride(from: 0, to: depth, by: 2) {
      if k + 1 < depth { sum = adding(a[(k + 1) * aStep], b[(k + 1) * bStep], to: sum) }
      sum = adding(a[k * aStep], b[k * bStep], to: sum)
    }
    return sum
  }

  private static func multiply(_ p: vk_bf16_product, _ packed: UnsafePointer<UInt16>) {
    let activation = Activation(code: p.activation)
    for row in 0..<p.rows {
      let target = p.y + row * p.y_stride
      for column in 0..<p.columns {
        var value = dot(p.x + row * p.x_stride, packed + column * paddedDepth(p.depth), depth: p.depth)
        if p.accumulate != 0 { value += target[column] }
        if let bias = p.bias { value += bias[column] }
        target[column] = value
      }
      PortableRows.activate(target, p.columns, activation)
    }
  }

  /// Keys, then values, each `[keys, width]`.
  private static func packTokens(_ p: vk_tokens, into packed: UnsafeMutablePointer<UInt16>) {
    for k in 0..<p.keys {
      for channel in 0..<p.width {
        packed[k * p.width + channel] = rounded(p.key[k * p.key_stride + channel])
        packed[(p.keys + k) * p.width + channel] = rounded(p.value[k * p.value_stride + channel])
      }
    }
  }

  private static func attend(_ p: vk_attention) {
    let log2e: Float = 1.442_695_04
    withUnsafeTemporaryAllocation(of: UInt16.self, capacity: p.width + VK_KEY_BLOCK) { numbers in
      let (query, weights) = (numbers.baseAddress!, numbers.baseAddress! + p.width)
      let scores = p.scratch
      for row in 0..<p.queries {
        let out = p.out + row * p.out_stride
        for channel in 0..<p.width {
          query[channel] = rounded(p.scale * log2e * p.query[row * p.query_stride + channel])
          out[channel] = 0
        }
        var (largest, sum) = (-1e30 as Float, Float(0))
        for start in stride(from: 0, to: p.keys, by: VK_KEY_BLOCK) {
          let keys = min(VK_KEY_BLOCK, p.keys - start)
          let key = UnsafeRawPointer(p.tokens + 2 * start * p.width).assumingMemoryBound(to: UInt16.self)
          let value = key + keys * p.width
          let before = largest
          for k in 0..<keys {
            scores[k] = dot(key + k * p.width, query, depth: p.width)
            if !(scores[k] <= largest) { largest = scores[k] }
          }
          var blockSum: Float = 0
          for k in 0..<keys {
            weights[k] = rounded(ScalarMath.exp2(scores[k] - largest))
            blockSum += single(weights[k])
          }
          let factor = ScalarMath.exp2(before - largest)
          sum = sum * factor + blockSum
          for channel in 0..<p.width {
            out[channel] =
              out[channel] * factor
              + dot(value + channel, step: p.width, weights, depth: keys)
          }
        }
        for channel in 0..<p.width { out[channel] *= 1 / sum }
      }
    }
  }
}
