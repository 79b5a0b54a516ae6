/// CLIP's text tower: token sequences to unit-length embeddings in the joint space.
///
/// Part of `ov_classifier` in a checkpoint.
public struct ClipTextEncoder: Sendable {
  /// `[vocabulary, C]`, a row a token.
  public let tokenEmbedding: Weight
  /// `[context, C]`
  public let positionalEmbedding: Tensor
  /// Causal transformer blocks.
  public let blocks: [TransformerBlock]
  /// After the last block.
  public let normFinal: LayerNorm
  /// To the joint embedding: `[E, C]`, which checkpoints have transposed.
  public let projection: Linear

  /// The text tower of a model, among `ov_classifier` of its parameters.
  public init(_ parameters: ParameterScope, _ configuration: SANConfiguration) {
    let text = configuration.clip.text
    positionalEmbedding = parameters.tensor("positional_embedding", [text.contextLength, text.width])
    projection = Linear(
      parameters.weight("text_projection", [text.width, configuration.clip.embedding]).transposed)
    blocks = (0..<text.layers).map {
      .clip(parameters.scope("transformer.resblocks.\($0)"), width: text.width, heads: text.heads)
    }
    tokenEmbedding = parameters.weight("token_embedding.weight", [text.vocabularySize, text.width])
    normFinal = LayerNorm(parameters.scope("ln_final"), width: text.width, epsilon: 1e-5)
  }

  /// The embedding `[E]` of one token sequence, from its start to its end token without padding: the tower as the paper has
  /// it. ``callAsFunction(_:workspace:progress:)`` makes those of many at once, and much of them only once.
  public func embedding(of sequence: [Int32], workspace: Workspace) -> Tensor {
    workspace.scope {
      let x = workspace.matrix(sequence.count, tokenEmbedding.inputs)  // [L, C]
      for (position, token) in sequence.enumerated() { embed(token, at: position, into: x.row(position)) }
      for block in blocks {
        block(x, workspace: workspace) { query, key, value, out in
          for token in 0..<x.rows {  // causal: a token attends to those before it and to itself
            Attention.attend(
              query: query.rows(token..<token + 1), key: key.rows(0..<token + 1),
              value: value.rows(0..<token + 1), heads: block.heads, into: out.rows(token..<token + 1),
              workspace: workspace)
          }
        }
      }
      let embedding = workspace.matrix(1, projection.outputs)  // [1, E]
      project(x.rows(x.rows - 1..<x.rows), into: embedding, workspace: workspace)  // the end token's
      return embedding.tensor(shape: [embedding.columns])
    }
  }

  /// Writes the token's embedding, its position added, to `row`, `[C]`.
  func embed(_ token: Int32, at position: Int, into row: UnsafeMutablePointer<Float>) {
    let (token, width) = (Int(token), tokenEmbedding.inputs)
    precondition(token >= 0 && token < tokenEmbedding.outputs, "tokens are of the vocabulary")
    precondition(position < positionalEmbedding.shape[0], "a sequence fits the context")
    tokenEmbedding.copy(token..<token + 1, into: row)
    VectorMath.add(row, positionalEmbedding.pointer + position * width, width)
  }

  /// Writes the unit-length embeddings `[ends, E]` of the last tokens of sequences, `[ends, C]`, which are overwritten.
  func project(_ last: Matrix, into embeddings: Matrix, workspace: Workspace) {
    normFinal(last, into: last, pool: workspace.pool)
    projection(last, into: embeddings, pool: workspace.pool)  // [ends, E]
    for row in 0..<embeddings.rows { VectorMath.normalize(embeddings.row(row), embeddings.columns) }
  }

  /// Multiply-adds of one sequence of `tokens`, all of them computed.
  func cost(tokens: Double) -> Double {
    blocks.reduce(projection.cost(rows: 1)) { $0 + $1.cost(tokens: tokens) }
  }
}
