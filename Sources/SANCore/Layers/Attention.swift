import CVectorKernels

/// Multi-head scaled dot-product attention over tokens, head by head in channel order.
public enum Attention {
  /// out = softmax(q·kᵀ/√d)·v for each head, with d = channels / heads.
  ///
  /// `query` and `out` are `[queries, channels]`, `key` and `value` are `[keys, channels]`. Scores are made for
  /// a few queries at a time and never written out whole. With a `precision` of bfloat16 queries, keys, values and probabilities
  /// are rounded to it.
  public static func attend(
    query: some ReadableMatrix, key: some ReadableMatrix, value: some ReadableMatrix, heads: Int,
    into out: Matrix, workspace: Workspace, precision: Precision = .float32, kernels: KernelSet = .current
  ) {
    let (query, key, value) = (query.readOnly, key.readOnly, value.readOnly)
    precondition(query.columns % heads == 0 && out.columns == query.columns, "heads share the channels")
    precondition(key.columns == query.columns && value.columns == query.columns, "channels agree")
    precondition(key.rows == value.rows && out.rows == query.rows, "tokens agree")
    precondition(precision != .int8, "attention is of floating-point numbers")
    let width = query.columns / heads
    let isRounded = precision == .bfloat16
    workspace.scope {
      let tokens = workspace.matrix(heads, 2 * key.rows * width)
      pack(key, value, into: tokens, isRounded: isRounded, pool: workspace.pool, kernels: kernels)
      let scratch = workspace.matrix(workspace.pool.threadCount, vk_attention_scratch(width))
      // A part is one head's channels of some queries.
      let parts = (query.rows + VK_PANEL - 1) / VK_PANEL
      workspace.pool.run(heads * parts) { index, worker in
        let (head, start) = (index / parts, index % parts * VK_PANEL)
        let channel = head * width
        var attention = vk_attention(
          queries: min(VK_PANEL, query.rows - start), keys: key.rows, width: width,
          query: query.row(start) + channel, query_stride: query.stride, tokens: tokens.row(head),
          scale: 1 / Float(width).squareRoot(), out: out.row(start) + channel, out_stride: out.stride,
          scratch: scratch.row(worker))
        if isRounded {
          kernels.table.pointee.bf16.pointee.attend(&attention)
        } else {
          kernels.table.pointee.attend(&attention)
        }
      }
    }
  }

  /// Keys and values head by head, as the kernels read them: once, since every part of a head's queries reads them all.
  private static func pack(
    _ key: ConstMatrix, _ value: ConstMatrix, into tokens: Matrix, isRounded: Bool, pool: ThreadPool,
    kernels: KernelSet
  ) {
    let width = key.columns / tokens.rows
    let blocks = (key.rows + VK_KEY_BLOCK - 1) / VK_KEY_BLOCK
    pool.run(tokens.rows * blocks) { index, _ in
      let (head, start) = (index / blocks, index % blocks * VK_KEY_BLOCK)
      let channel = head * width
      var block = vk_tokens(
        keys: min(VK_KEY_BLOCK, key.rows - start), width: width, key: key.row(start) + channel,
        value: value.row(start) + channel, key_stride: key.stride, value_stride: value.stride)
      let target = tokens.row(head) + 2 * start * width
      if isRounded {
        kernels.table.pointee.bf16.pointee.pack_tokens(&block, target)
      } else {
        kernels.table.pointee.pack_tokens(&block, target)
      }
    }
  }
}
