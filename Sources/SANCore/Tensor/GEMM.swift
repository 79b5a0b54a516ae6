import CVectorKernels

/// Single-threaded float32 matrix products of activations. Callers split rows over a ``ThreadPool`` themselves, so that what
/// follows a product runs on its rows while they are in cache.
package enum GEMM {
  /// Whether `B` is given as `[n, k]` (keys) or as `[k, n]`.
  package enum Layout {
    case transposed
    case plain
  }

  /// c = alpha·a·b + beta·c, for `a` of `m × k` and `c` of `m × n`.
  package static func multiply(
    _ a: some ReadableMatrix, _ b: some ReadableMatrix, _ layout: Layout, into c: Matrix, alpha: Float = 1,
    beta: Float = 0, kernels: KernelSet = .current
  ) {
    let (a, b) = (a.readOnly, b.readOnly)
    let (m, n, k) = (c.rows, c.columns, a.columns)
    precondition(a.rows == m, "a and c have the same rows")
    switch layout {
    case .transposed: precondition(b.rows == n && b.columns == k, "b is n × k")
    case .plain: precondition(b.rows == k && b.columns == n, "b is k × n")
    }
    if m == 0 || n == 0 { return }
    if beta != 0 && beta != 1 { for row in 0..<m { VectorMath.scale(c.row(row), n, by: beta) } }
    var product = vk_product(a, into: c)
    product.accumulate = beta == 0 ? 0 : 1
    kernels.table.pointee.multiply(&product, b.pointer, b.stride, layout == .transposed ? 1 : 0, alpha)
  }
}

extension vk_product {
  /// The bare product of the rows of `x`, to go to `y`.
  init(_ x: ConstMatrix, into y: Matrix) {
    self.init(
      rows: x.rows, columns: y.columns, depth: x.columns, x: x.pointer, x_stride: x.stride, y: y.pointer,
      y_stride: y.stride, bias: nil, activation: Activation.identity.code, accumulate: 0)
  }
}
