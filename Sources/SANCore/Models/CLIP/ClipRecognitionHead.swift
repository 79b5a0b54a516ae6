/// The second part of CLIP's image tower, in which CLIP names each mask proposal.
///
/// Every proposal gets a copy of the class token (a recognition token, the paper's "SLS token"), whose attention to the
/// patches is steered by an attention bias of its own. `clip_rec_head` in a checkpoint.
public struct ClipRecognitionHead: Sendable {
  /// CLIP's last blocks.
  public let blocks: [TransformerBlock]
  /// After the last block.
  public let normPost: LayerNorm
  /// To the joint embedding: `[E, C]`, which checkpoints have transposed.
  public let projection: Linear

  /// What a recognition token sees of the class column and of the other recognition tokens: an addition to the scores
  /// that leaves them no weight.
  private static let masked: Float = -100

  /// The recognition head of a model, `clip_rec_head` of its parameters.
  public init(_ parameters: ParameterScope, _ configuration: SANConfiguration) {
    let (clip, image) = (configuration.clip, configuration.clip.image)
    projection = Linear(parameters.weight("proj", [image.width, clip.embedding]).transposed)
    blocks = (0..<image.layers - clip.extractorLayers).map {
      .clip(parameters.scope("resblocks.\($0)"), width: image.width, heads: image.heads)
    }
    normPost = LayerNorm(parameters.scope("ln_post"), width: image.width, epsilon: 1e-5)
  }

  /// Mask embeddings `[Q, E]`, of unit length, from the workspace's present scope; where `places` is set, followed by those of
  /// the patch tokens, which go on as in plain CLIP: `[Q + h·w, E]`.
  ///
  /// - `tokens`: the extractor's last tokens, `[1 + h·w, C]`, the class token first.
  /// - `bias`: the attention bias on CLIP's grid, `[heads·Q, h·w]`, head by head.
  public func callAsFunction(
    _ tokens: Matrix, bias: Matrix, queries: Int, places: Bool = false, workspace: Workspace
  ) -> Matrix {
    let width = tokens.columns
    precondition(bias.columns == tokens.rows - 1, "one bias a patch")
    let embeddings = workspace.matrix(queries + (places ? tokens.rows - 1 : 0), projection.outputs)
    workspace.scope {
      let x = workspace.matrix(queries + tokens.rows, width)  // [Q + 1 + h·w, C]
      for query in 0..<queries { x.row(query).update(from: tokens.row(0), count: width) }
      x.rows(queries..<x.rows).copy(from: tokens)
      for (index, block) in blocks.enumerated() {
        // Before the first block all recognition tokens are the class token; after the last only they are read.
        apply(
          block, to: x, bias: bias, queries: queries, alike: index == 0,
          recognitionOnly: index + 1 == blocks.count && !places, workspace: workspace)
      }
      let recognition = x.rows(0..<queries)  // [Q, C]
      normPost(recognition, into: recognition, pool: workspace.pool)
      projection(recognition, into: embeddings.rows(0..<queries), pool: workspace.pool)  // [Q, E]
      if places {
        let patches = x.rows(queries + 1..<x.rows)  // [h·w, C]
        normPost(patches, into: patches, pool: workspace.pool)
        projection(patches, into: embeddings.rows(queries..<embeddings.rows), pool: workspace.pool)
      }
    }
    for row in 0..<embeddings.rows { VectorMath.normalize(embeddings.row(row), embeddings.columns) }
    return embeddings
  }

  /// Replaces the tokens `x`, `[Q + 1 + h·w, C]`, by the block's output under the attention bias; with
  /// `recognitionOnly` the first Q of them. `alike` says that these are copies of the class token.
  package func apply(
    _ block: TransformerBlock, to x: Matrix, bias: Matrix, queries: Int, alike: Bool = false,
    recognitionOnly: Bool = false, workspace: Workspace
  ) {
    let all = queries..<x.rows
    block(
      x, read: recognitionOnly ? queries : nil, alike: alike ? queries : 0, workspace: workspace
    ) { query, key, value, out in
      if !recognitionOnly {
        // As in plain CLIP: the mask of −100 on the recognition columns leaves those no weight in float32.
        Attention.attend(
          query: query.rows(all), key: key.rows(all), value: value.rows(all), heads: block.heads,
          into: out.rows(all), workspace: workspace, precision: block.attentionPrecision)
      }
      recognise(
        query: query, key: key, value: value, heads: block.heads, bias: bias, queries: queries, into: out,
        workspace: workspace)
    }
  }

  /// A recognition token sees itself and the biased patches. Writes the first Q rows of `out`.
  private func recognise(
    query: Matrix, key: Matrix, value: Matrix, heads: Int, bias: Matrix, queries: Int, into out: Matrix,
    workspace: Workspace
  ) {
    let all = queries..<query.rows
    let width = query.columns / heads
    let scale = 1 / Float(width).squareRoot()
    workspace.scope {
      // Columns: the token itself, then class and patches.
      let scratch = workspace.matrix(workspace.pool.threadCount * queries, 1 + all.count)
      workspace.pool.run(heads) { head, worker in
        let channels = head * width..<(head + 1) * width
        let (q, k, v) = (query.columns(channels), key.columns(channels), value.columns(channels))
        let target = out.columns(channels)
        let scores = scratch.rows(worker * queries..<(worker + 1) * queries)  // [Q, 2 + h·w]
        let shared = scores.columns(1..<scores.columns)
        GEMM.multiply(q.rows(0..<queries), k.rows(all), .transposed, into: shared, alpha: scale)
        for index in 0..<queries {
          let row = scores.row(index)
          row[0] = scale * VectorMath.dot(q.row(index), k.row(index), width)
          row[1] += ClipRecognitionHead.masked
          VectorMath.add(row + 2, bias.row(head * queries + index), bias.columns)
          VectorMath.softmax(row, scores.columns)
        }
        GEMM.multiply(shared, v.rows(all), .plain, into: target.rows(0..<queries))
        for index in 0..<queries {
          VectorMath.addScaled(target.row(index), v.row(index), width, by: scores.row(index)[0])
        }
      }
    }
  }

  /// Multiply-adds for `queries` mask proposals over `patches` patches.
  func cost(queries: Double, patches: Double) -> Double {
    blocks.reduce(projection.cost(rows: queries)) { $0 + $1.cost(tokens: queries + 1 + patches) }
  }
}
