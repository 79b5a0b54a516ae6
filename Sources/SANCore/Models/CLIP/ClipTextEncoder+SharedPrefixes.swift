/// Many sequences at once: shared starts are computed once, of the last block only what is read.
extension ClipTextEncoder {
  /// Rows that are run through the blocks together: bounds the workspace, however many prompts there are.
  private static var batchRows: Int { 2048 }

  /// The embeddings `[sequences, E]` of token sequences, each from its start to its end token without padding.
  ///
  /// The embedding is read at the last token, so a sequence must end in its end token. `progress` is told how many
  /// sequences are done; what it throws ends the run.
  public func callAsFunction(
    _ sequences: [[Int32]], workspace: Workspace, progress: (_ done: Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    let width = projection.outputs
    let order = sequences.indices.sorted { sequences[$0].lexicographicallyPrecedes(sequences[$1]) }
    return try Tensor(shape: [sequences.count, width]) { out in
      var start = 0
      while start < order.count {
        try progress(start)
        var (end, rows) = (start, 0)
        var previous: [Int32] = []
        while end < order.count {
          let sequence = sequences[order[end]]
          rows += sequence.count - PrefixTree.sharedCount(previous, sequence)
          if end > start && rows > Self.batchRows { break }
          previous = sequence
          end += 1
        }
        let batch = order[start..<end]
        workspace.scope {
          let embeddings = encode(PrefixTree(sorted: batch.map { sequences[$0] }), workspace: workspace)
          for (row, index) in batch.enumerated() {
            (out.baseAddress! + index * width).update(from: embeddings.row(row), count: width)
          }
        }
        start = end
      }
      try progress(order.count)
    }
  }

  /// The embeddings of the ends of `tree`, `[ends, E]`, from the workspace's present scope.
  private func encode(_ tree: PrefixTree, workspace: Workspace) -> Matrix {
    let embeddings = workspace.matrix(tree.ends.count, projection.outputs)
    workspace.scope {
      let x = workspace.matrix(tree.nodes.count, tokenEmbedding.inputs)  // [nodes, C]
      for (index, node) in tree.nodes.enumerated() { embed(node.token, at: node.depth, into: x.row(index)) }
      for (index, block) in blocks.enumerated() {
        let read = index + 1 == blocks.count ? tree.endCount : nil
        if index == 0 {
          applyFirst(block, to: x, tree, read: read, workspace: workspace)
        } else {
          block(x, read: read, workspace: workspace) { query, key, value, out in
            attend(
              tree, asking: read ?? x.rows, query: query, key: key, value: value, heads: block.heads,
              into: out, pool: workspace.pool)
          }
        }
      }
      let last = workspace.matrix(tree.ends.count, x.columns)  // [ends, C]
      for (row, node) in tree.ends.enumerated() { last.row(row).update(from: x.row(node), count: x.columns) }
      project(last, into: embeddings, workspace: workspace)
    }
    return embeddings
  }

  /// The first block: query, key and value of a token at a depth are the same in every sequence, and made once.
  private func applyFirst(
    _ block: TransformerBlock, to x: Matrix, _ tree: PrefixTree, read: Int?, workspace: Workspace
  ) {
    workspace.scope {
      let distinct = workspace.matrix(tree.distinct.count, x.columns)
      let projected = workspace.matrix(distinct.rows, 3 * x.columns)
      for (row, node) in tree.distinct.enumerated() {
        distinct.row(row).update(from: x.row(node), count: x.columns)
      }
      block.project(distinct, asking: distinct.rows, into: projected, workspace: workspace)
      block.selfAttention(x, projected: projected, read: read, workspace: workspace) {
        query, key, value, out in
        attend(
          tree, asking: read ?? x.rows, places: tree.places, query: query, key: key, value: value,
          heads: block.heads, into: out, pool: workspace.pool)
      }
    }
    block.feedForward(x.rows(0..<(read ?? x.rows)), workspace: workspace)
  }

  /// Causal attention: each of the first `asking` nodes attends to the nodes from the root to itself.
  ///
  /// A node's query, key and value are in its own row or in the one that `places` gives it.
  private func attend(
    _ tree: PrefixTree, asking: Int, places: [Int]? = nil, query: Matrix, key: Matrix, value: Matrix,
    heads: Int, into out: Matrix, pool: ThreadPool
  ) {
    let width = query.columns / heads
    let scale = 1 / Float(width).squareRoot()
    let context = positionalEmbedding.shape[0]
    pool.runRanges(asking, grain: 64) { range, _ in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: context) { path in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: context) { scores in
          let (path, scores) = (path.baseAddress!, scores.baseAddress!)
          for node in range {
            let count = tree.path(to: node, into: path)
            if let places {
              for index in 0..<count { path[index] = places[path[index]] }
            }
            for head in 0..<heads {
              let offset = head * width
              let q = query.row(path[count - 1]) + offset  // its own
              for index in 0..<count {
                scores[index] = scale * VectorMath.dot(q, key.row(path[index]) + offset, width)
              }
              VectorMath.softmax(scores, count)
              let target = out.row(node) + offset
              target.update(repeating: 0, count: width)
              for index in 0..<count {
                VectorMath.addScaled(target, value.row(path[index]) + offset, width, by: scores[index])
              }
            }
          }
        }
      }
    }
  }
}
