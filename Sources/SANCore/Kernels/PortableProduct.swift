import CVectorKernels

/// Products in plain Swift: strips of 8 columns of B, packed, meet 4 rows of A at a time, whose sums stay in registers.
///
/// Every row goes through the same operations in the same order, whatever rows are beside it.
enum PortableProduct {
  /// Columns of a strip.
  typealias Lanes = SIMD8<Float>
  static let lanes = Lanes.scalarCount
  /// Rows of a tile.
  static let tileRows = 4
  /// Products that are added up in one chain: a longer one would be less exact.
  private static let sumDepth = 32

  @inline(__always)
  static func load(_ x: UnsafePointer<Float>) -> Lanes {
    UnsafeRawPointer(x).loadUnaligned(as: Lanes.self)
  }

  @inline(__always)
  static func store(_ x: Lanes, _ out: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(out).storeBytes(of: x, as: Lanes.self)
  }

  /// sum + a·b
  @inline(__always)
  private static func adding(_ a: Float, _ b: Lanes, to sum: Lanes) -> Lanes {
    // Where it is one instruction; elsewhere it would be a call.
    #if arch(arm64)
      sum.addingProduct(Lanes(repeating: a), b)
    #else
      sum + Lanes(repeating: a) * b
    #endif
  }

  /// out[r] = Σ_k a[r·rowStride + k·step]·b[k] for up to 4 rows r, where b[k] is 8 floats; `out` is rows of 8.
  ///
  /// Always all 4 rows are computed: those that are not there are the last one again.
  @inline(__always)
  static func tile(
    rows: Int, depth: Int, _ a: UnsafePointer<Float>, rowStride: Int, step: Int, _ b: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    let last = rows - 1
    var (a0, a1) = (a, a + min(1, last) * rowStride)
    var (a2, a3) = (a + min(2, last) * rowStride, a + min(3, last) * rowStride)
    var b = b
    var (total0, total1, total2, total3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
    var left = depth
    while left > 0 {
      let count = min(left, sumDepth)
      var (sum0, sum1, sum2, sum3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
      for _ in 0..<count {
        let columns = load(b)
        sum0 = adding(a0.pointee, columns, to: sum0)
        sum1 = adding(a1.pointee, columns, to: sum1)
        sum2 = adding(a2.pointee, columns, to: sum2)
        sum3 = adding(a3.pointee, columns, to: sum3)
        (a0, a1, a2, a3, b) = (a0 + step, a1 + step, a2 + step, a3 + step, b + lanes)
      }
      total0 += sum0
      total1 += sum1
      total2 += sum2
      total3 += sum3
      left -= count
    }
    store(total0, out)
    store(total1, out + lanes)
    store(total2, out + 2 * lanes)
    store(total3, out + 3 * lanes)
  }

  /// A strip of B from `column` on: its rows of 8, zero beyond the columns that B has. B is `[columns, depth]`.
  static func packRows(
    _ b: UnsafePointer<Float>, stride: Int, columns: Int, depth: Int, alpha: Float,
    into packed: UnsafeMutablePointer<Float>
  ) {
    for lane in 0..<lanes {
      if lane < columns {
        let source = b + lane * stride
        for k in 0..<depth { packed[k * lanes + lane] = alpha * source[k] }
      } else {
        for k in 0..<depth { packed[k * lanes + lane] = 0 }
      }
    }
  }

  /// As ``packRows``, for B as `[depth, columns]`.
  static func packColumns(
    _ b: UnsafePointer<Float>, stride: Int, columns: Int, depth: Int, alpha: Float,
    into packed: UnsafeMutablePointer<Float>
  ) {
    for k in 0..<depth {
      let (source, target) = (b + k * stride, packed + k * lanes)
      for lane in 0..<lanes { target[lane] = lane < columns ? alpha * source[lane] : 0 }
    }
  }

  /// The product's columns from `column` on, as many as a strip has, without the activation.
  private static func multiplyStrip(_ p: vk_product, column: Int, _ packed: UnsafePointer<Float>) {
    let columns = min(lanes, p.columns - column)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: tileRows * lanes) { sums in
      let sums = sums.baseAddress!
      for row in stride(from: 0, to: p.rows, by: tileRows) {
        let rows = min(tileRows, p.rows - row)
        tile(
          rows: rows, depth: p.depth, p.x + row * p.x_stride, rowStride: p.x_stride, step: 1, packed,
          into: sums)
        for r in 0..<rows {
          let (sum, target) = (sums + r * lanes, p.y + (row + r) * p.y_stride + column)
          for c in 0..<columns {
            var value = sum[c]
            if p.accumulate != 0 { value += target[c] }
            if let bias = p.bias { value += bias[column + c] }
            target[c] = value
          }
        }
      }
    }
  }

  private static func activate(_ p: vk_product) {
    let activation = Activation(code: p.activation)
    if activation == .identity { return }
    for row in 0..<p.rows { PortableRows.activate(p.y + row * p.y_stride, p.columns, activation) }
  }

  /// The strips of the columns `panel·VK_PANEL …` of a weight `[columns, depth]`, one after the other.
  static func packPanel(
    _ b: UnsafePointer<Float>, stride bStride: Int, columns: Int, depth: Int, panel: Int,
    into packed: UnsafeMutablePointer<Float>
  ) {
    let first = panel * VK_PANEL
    let end = min(first + VK_PANEL, columns)
    // To the end of the padding, which has no other strips.
    let padded = (end + VK_PANEL_STEP - 1) / VK_PANEL_STEP * VK_PANEL_STEP
    for column in stride(from: first, to: padded, by: lanes) {
      packRows(
        b + min(column, columns - 1) * bStride, stride: bStride, columns: max(0, end - column), depth: depth,
        alpha: 1, into: packed + column * depth)
    }
  }

  static func multiplyPacked(_ p: vk_product, _ packed: UnsafePointer<Float>) {
    for column in stride(from: 0, to: p.columns, by: lanes) {
      multiplyStrip(p, column: column, packed + column * p.depth)
    }
    activate(p)
  }

  static func multiply(
    _ p: vk_product, _ b: UnsafePointer<Float>, stride bStride: Int, isTransposed: Bool, alpha: Float
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: max(p.depth, 1) * lanes) { packed in
      let packed = packed.baseAddress!
      for column in stride(from: 0, to: p.columns, by: lanes) {
        let columns = min(lanes, p.columns - column)
        if isTransposed {
          packRows(
            b + column * bStride, stride: bStride, columns: columns, depth: p.depth, alpha: alpha,
            into: packed)
        } else {
          packColumns(
            b + column, stride: bStride, columns: columns, depth: p.depth, alpha: alpha, into: packed)
        }
        multiplyStrip(p, column: column, packed)
      }
    }
    activate(p)
  }
}
