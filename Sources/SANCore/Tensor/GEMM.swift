import CVectorKernels

#if canImport(COpenBLAS)
  import COpenBLAS
#else
  import Accelerate
#endif

/// Single-threaded float32 matrix products. Callers split rows over a ``ThreadPool`` themselves, so that what follows a
/// product runs on its rows while they are in cache.
package enum GEMM {
  /// Whether `B` is given as `[n, k]` (a weight, or keys) or as `[k, n]`.
  package enum Layout {
    case transposed
    case plain
  }

  /// c = alpha·a·b + beta·c, for `a` of `m × k` and `c` of `m × n`.
  package static func multiply(
    _ a: Matrix, _ b: Matrix, _ layout: Layout, into c: Matrix, alpha: Float = 1, beta: Float = 0,
    kernels: KernelSet = .current
  ) {
    let (m, n, k) = (c.rows, c.columns, a.columns)
    precondition(a.rows == m, "a and c have the same rows")
    switch layout {
    case .transposed: precondition(b.rows == n && b.columns == k, "b is n × k")
    case .plain: precondition(b.rows == k && b.columns == n, "b is k × n")
    }
    if m == 0 || n == 0 { return }
    if let table = kernels.table {
      if beta != 0 && beta != 1 { for row in 0..<m { VectorMath.scale(c.row(row), n, by: beta) } }
      var product = vk_product(a, into: c)
      product.accumulate = beta == 0 ? 0 : 1
      table.pointee.multiply(&product, b.pointer, b.stride, layout == .transposed ? 1 : 0, alpha)
      return
    }
    singleThreaded
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, layout == .transposed ? CblasTrans : CblasNoTrans,
      Int32(m), Int32(n), Int32(k), alpha, a.pointer, Int32(a.stride), b.pointer, Int32(b.stride),
      beta, c.pointer, Int32(c.stride))
  }

  /// OpenBLAS's own threads would compete with ours, and are slow on products of this size.
  private static let singleThreaded: Void = {
    #if canImport(COpenBLAS)
      openblas_set_num_threads(1)
    #endif
  }()
}
