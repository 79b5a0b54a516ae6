import CVectorKernels

/// Products of 8-bit integers in plain Swift, and how rows become such integers everywhere.
enum PortableIntegers {
  /// Columns of a strip.
  private static let lanes = 8

  /// The kernels, as a table like those in C.
  nonisolated(unsafe) static let table: UnsafePointer<vk_int8_kernels> = {
    let table = UnsafeMutablePointer<vk_int8_kernels>.allocate(capacity: 1)
    table.initialize(
      to: vk_int8_kernels(
        activation_bytes: MemoryLayout<Int16>.size,
        quantize: { x, count, row in quantize(x, count, into: row.assumingMemoryBound(to: Int16.self)) },
        pack: { pack($0, stride: $1, columns: $2, depth: $3, into: $4) },
        multiply: { multiply($0.pointee, $1) }))
    return UnsafePointer(table)
  }()

  /// At 1.5·2²³ neighbouring numbers are 1 apart: a sum with it is rounded to a whole number, ties to even, in vector code.
  private static let shift: Float = 0x1.8p23

  /// The whole number nearest to `x`, which is within ±2²².
  @inline(__always)
  private static func nearest(_ x: Float) -> Int32 {
    Int32(truncatingIfNeeded: (x + shift).bitPattern) &- Int32(truncatingIfNeeded: shift.bitPattern)
  }

  /// An activation is stored less its row's zero.
  private static func quantize(
    _ x: UnsafePointer<Float>, _ count: Int, into row: UnsafeMutablePointer<Int16>
  ) -> vk_int8_row {
    // Of magnitudes the bits are in order, infinities and NaN last.
    var (bits, low, high) = (UInt32(0), Float(0), Float(0))
    for index in 0..<count {
      bits = max(bits, x[index].bitPattern & 0x7FFF_FFFF)
      low = x[index] < low ? x[index] : low
      high = x[index] > high ? x[index] : high
    }
    let span = high - low
    let isFinite = Float(bitPattern: bits).isFinite && span.isFinite
    guard isFinite, span >= VK_INT8_LEAST else {
      row.update(repeating: 0, count: paddedDepth(count))
      return vk_int8_row(scale: isFinite ? 0 : .nan, zero: 0)
    }
    let inverse = 255 / span
    let zero = nearest(-low * inverse)
    for index in 0..<count {
      row[index] = Int16(truncatingIfNeeded: min(nearest(x[index] * inverse) &+ zero, 255) &- zero)
    }
    for index in count..<paddedDepth(count) { row[index] = 0 }
    return vk_int8_row(scale: span / 255, zero: zero)
  }

  /// Writes `count` weights as multiples of what it gives back, their largest magnitude divided by 127: the nearest multiples,
  /// ties to even. All are 0 where that magnitude is below `VK_INT8_LEAST`, and 0 times NaN where one is an infinity or NaN.
  static func quantizeWeights(
    _ x: UnsafePointer<Float>, _ count: Int, into row: UnsafeMutablePointer<Int8>
  ) -> Float {
    var bits: UInt32 = 0
    for index in 0..<count { bits = max(bits, x[index].bitPattern & 0x7FFF_FFFF) }
    let largest = Float(bitPattern: bits)
    guard largest.isFinite, largest >= VK_INT8_LEAST else {
      row.update(repeating: 0, count: count)
      return largest.isFinite ? 0 : .nan
    }
    let most = Float(VK_INT8_WEIGHT)
    let inverse = most / largest
    for index in 0..<count { row[index] = Int8(truncatingIfNeeded: nearest(x[index] * inverse)) }
    return largest / most
  }

  private static func paddedDepth(_ depth: Int) -> Int { (depth + 3) / 4 * 4 }

  /// Where the strip of `column` starts: every column has as many bytes in all sets, of which this one leaves some.
  private static func offset(column: Int, depth: Int) -> Int { vk_int8_packed_count(column, depth) }

  private static func pack(
    _ b: UnsafePointer<Int8>, stride bStride: Int, columns: Int, depth: Int,
    into packed: UnsafeMutableRawPointer
  ) {
    for column in stride(from: 0, to: columns, by: VK_PANEL_STEP) {
      let strips = (packed + offset(column: column, depth: depth)).assumingMemoryBound(to: Int8.self)
      for lane in 0..<VK_PANEL_STEP {
        let strip = strips + lane / lanes * lanes * depth
        for k in 0..<depth {
          strip[k * lanes + lane % lanes] = column + lane < columns ? b[(column + lane) * bStride + k] : 0
        }
      }
    }
  }

  private static func multiply(_ p: vk_int8_product, _ packed: UnsafeRawPointer) {
    let activation = Activation(code: p.activation)
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: lanes) { sums in
      let sums = sums.baseAddress!
      for column in stride(from: 0, to: p.columns, by: lanes) {
        let panel = column / VK_PANEL_STEP * VK_PANEL_STEP
        let weights =
          (packed + offset(column: panel, depth: p.depth)).assumingMemoryBound(to: Int8.self)
          + (column - panel) * p.depth
        for row in 0..<p.rows {
          let x = (p.x + row * p.x_stride).assumingMemoryBound(to: Int16.self)
          sums.initialize(repeating: 0, count: lanes)
          for k in 0..<p.depth {
            let (a, b) = (Int32(x[k]), weights + k * lanes)
            for lane in 0..<lanes { sums[lane] &+= a &* Int32(b[lane]) }
          }
          let target = p.y + row * p.y_stride + column
          for lane in 0..<min(lanes, p.columns - column) {
            var value = Float(sums[lane]) * p.x_rows[row].scale * p.scales[column + lane]
            if p.accumulate != 0 { value += target[lane] }
            if let bias = p.bias { value += bias[column + lane] }
            target[lane] = value
          }
        }
      }
    }
    if activation == .identity { return }
    for row in 0..<p.rows { PortableRows.activate(p.y + row * p.y_stride, p.columns, activation) }
  }
}
