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
    let width = query.columns / heads
    workspace.scope {
      if let table = kernels.table {
        let tokens = workspace.matrix(heads, 2 * key.rows * width)
        pack(key, value, into: tokens, pool: workspace.pool, table: table)
        let scratch = workspace.matrix(workspace.pool.threadCount, vk_attention_scratch(width))
        runParts(query, into: out, heads: heads, of: VK_PANEL, pool: workspace.pool) {
          head, query, out, worker in
          var attention = vk_attention(
            queries: query.rows, keys: key.rows, width: width, query: query.pointer,
            query_stride: query.stride,
            tokens: tokens.row(head), scale: 1 / Float(width).squareRoot(), out: out.pointer,
            out_stride: out.stride, scratch: scratch.row(worker))
          table.pointee.attend(&attention)
        }
      } else {
        let scratch = workspace.matrix(workspace.pool.threadCount, plainPart * key.rows)
        runParts(query, into: out, heads: heads, of: plainPart, pool: workspace.pool) {
          head, query, out, worker in
          let channels = head * width..<(head + 1) * width
          let scores = Matrix(scratch.row(worker), rows: query.rows, columns: key.rows)
          plain(query, key.columns(channels), value.columns(channels), into: out, scores: scores)
        }
      }
    }
  }

  /// Calls `body` for every head with its channels of some `part` queries at a time, and where their result goes.
  private static func runParts(
    _ query: Matrix, into out: Matrix, heads: Int, of part: Int, pool: ThreadPool,
    _ body: (_ head: Int, _ query: Matrix, _ out: Matrix, _ worker: Int) -> Void
  ) {
    let parts = (query.rows + part - 1) / part
    let width = query.columns / heads
    pool.run(heads * parts) { index, worker in
      let (head, start) = (index / parts, index % parts * part)
      let channels = head * width..<(head + 1) * width
      let rows = start..<min(start + part, query.rows)
      body(head, query.columns(channels).rows(rows), out.columns(channels).rows(rows), worker)
    }
  }

  /// Keys and values head by head, as the kernels read them: once, since every part of a head's queries reads them all.
  private static func pack(
    _ key: Matrix, _ value: Matrix, into tokens: Matrix, pool: ThreadPool, table: UnsafePointer<vk_kernels>
  ) {
    let width = key.columns / tokens.rows
    let blocks = (key.rows + VK_KEY_BLOCK - 1) / VK_KEY_BLOCK
    pool.run(tokens.rows * blocks) { index, _ in
      let (head, start) = (index / blocks, index % blocks * VK_KEY_BLOCK)
      let channel = head * width
      var block = vk_tokens(
        keys: min(VK_KEY_BLOCK, key.rows - start), width: width, key: key.row(start) + channel,
        value: value.row(start) + channel, key_stride: key.stride, value_stride: value.stride)
      table.pointee.pack_tokens(&block, tokens.row(head) + 2 * start * width)
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
}
