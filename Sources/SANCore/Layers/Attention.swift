import CVectorKernels

/// Multi-head scaled dot-product attention over tokens, head by head in channel order.
public enum Attention {
  /// out = softmax(q·kᵀ/√d)·v for each head, with d = channels / heads.
  ///
  /// `query` and `out` are `[queries, channels]`, `key` and `value` are `[keys, channels]`. Scores are made for
  /// a few queries at a time and never written out whole.
  public static func attend(
    query: Matrix, key: Matrix, value: Matrix, heads: Int, into out: Matrix, workspace: Workspace
  ) {
    attend(
      query: query, key: key, value: value, heads: heads, into: out, workspace: workspace, kernels: .current)
  }

  /// As ``attend(query:key:value:heads:into:workspace:)``, by one set of kernels.
  package static func attend(
    query: Matrix, key: Matrix, value: Matrix, heads: Int, into out: Matrix, workspace: Workspace,
    kernels: KernelSet
  ) {
    precondition(query.columns % heads == 0 && out.columns == query.columns, "heads share the channels")
    precondition(key.columns == query.columns && value.columns == query.columns, "channels agree")
    precondition(key.rows == value.rows && out.rows == query.rows, "tokens agree")
    let part = kernels.table == nil ? plainPart : VK_PANEL
    let parts = (query.rows + part - 1) / part
    let width = query.columns / heads
    workspace.scope {
      let scratch = workspace.matrix(
        workspace.pool.threadCount, kernels.table == nil ? plainPart * key.rows : vk_attention_scratch(width))
      workspace.pool.run(heads * parts) { index, worker in
        let channels = index / parts * width..<(index / parts + 1) * width
        let start = index % parts * part
        let rows = start..<min(start + part, query.rows)
        let head = (
          query: query.columns(channels).rows(rows), key: key.columns(channels),
          value: value.columns(channels), out: out.columns(channels).rows(rows)
        )
        if let table = kernels.table {
          fused(head.query, head.key, head.value, into: head.out, scratch: scratch.row(worker), table: table)
        } else {
          let scores = Matrix(scratch.row(worker), rows: rows.count, columns: key.rows)
          plain(head.query, head.key, head.value, into: head.out, scores: scores)
        }
      }
    }
  }

  /// Queries of one part of the work in Swift: their scores stay in a core's cache.
  private static let plainPart = 64

  /// Some queries of one head, with their scores written out.
  private static func plain(
    _ query: Matrix, _ key: Matrix, _ value: Matrix, into out: Matrix, scores: Matrix
  ) {
    let scale = 1 / Float(query.columns).squareRoot()
    GEMM.multiply(query, key, .transposed, into: scores, alpha: scale, kernels: .portable)
    for row in 0..<scores.rows { VectorMath.softmax(scores.row(row), scores.columns, kernels: .portable) }
    GEMM.multiply(scores, value, .plain, into: out, kernels: .portable)
  }

  /// A panel of queries of one head, fused.
  private static func fused(
    _ query: Matrix, _ key: Matrix, _ value: Matrix, into out: Matrix, scratch: UnsafeMutablePointer<Float>,
    table: UnsafePointer<vk_kernels>
  ) {
    var attention = vk_attention(
      queries: query.rows, keys: key.rows, width: query.columns, query: query.pointer, key: key.pointer,
      value: value.pointer, query_stride: query.stride, key_stride: key.stride, value_stride: value.stride,
      scale: 1 / Float(query.columns).squareRoot(), out: out.pointer, out_stride: out.stride,
      scratch: scratch)
    table.pointee.attend(&attention)
  }
}
