/// SAN with its parameters: CLIP's two towers and the side network, and the order in which they run.
public struct SANModel: Sendable {
  /// The model's sizes.
  public let configuration: SANConfiguration
  /// CLIP's first blocks.
  public let extractor: ClipVisualExtractor
  /// The side ViT with its fusion layers.
  public let sideAdapter: SideAdapterNetwork
  /// Side tokens to mask proposals and attention biases.
  public let maskDecoder: MaskDecoder
  /// CLIP's last blocks, which name the proposals.
  public let recognitionHead: ClipRecognitionHead
  /// CLIP's text tower.
  public let textEncoder: ClipTextEncoder
  /// The learned "no object" class, `[1, E]`.
  public let backgroundEmbedding: Tensor
  /// What similarities of mask and text are multiplied by: exp of the stored `logit_scale`.
  public let logitScale: Float

  /// A model of validated parameters.
  public init(_ parameters: ModelParameters) {
    configuration = parameters.configuration
    extractor = ClipVisualExtractor(parameters)
    sideAdapter = SideAdapterNetwork(parameters)
    maskDecoder = MaskDecoder(parameters)
    recognitionHead = ClipRecognitionHead(parameters)
    textEncoder = ClipTextEncoder(parameters)
    backgroundEmbedding = parameters["ov_classifier.bg_embed"]
    logitScale = ScalarMath.exp(parameters["ov_classifier.logit_scale"].scalar)
  }

  /// Proposes masks for a normalised, padded image and embeds each in CLIP's joint space: all that does not depend on
  /// the vocabulary.
  ///
  /// `enter` is called before each stage, and `checkpoint` between the blocks of the first two, which take the most time.
  /// What they throw ends the run.
  public func encode(
    _ image: PlanarImage, workspace: Workspace, enter: (Stage) throws -> Void = { _ in },
    checkpoint: () throws -> Void = {}
  ) throws -> MaskProposals {
    let queries = configuration.sideAdapter.queries
    let clipGrid = extractor.grid(of: image.size)
    let sideGrid = sideAdapter.patchEmbedding.grid(of: image.size)
    let fused = Set(sideAdapter.fusion.values.map(\.clipLayer))
    return try workspace.scope {
      try enter(.clip)
      var features: [Int: Matrix] = [:]
      for layer in fused {
        features[layer] = workspace.matrix(clipGrid.count, configuration.clip.image.width)  // [h·w, C]
      }
      let tokens = try extractor(image, workspace: workspace) { layer, tokens, _ in
        try checkpoint()
        features[layer]?.copy(from: tokens.rows(1..<tokens.rows))
      }  // [1 + h·w, C]

      try enter(.side)
      let sideTokens = try sideAdapter(
        image, features: features, clipGrid: clipGrid, workspace: workspace
      ) { _, _ in try checkpoint() }  // [Q + h_s·w_s, C]

      try enter(.decoder)
      let masks = workspace.matrix(queries, sideGrid.count)  // [Q, h_s·w_s]
      let pooled = workspace.matrix(maskDecoder.heads * queries, clipGrid.count)  // [heads·Q, h·w]
      workspace.scope {
        let biases = workspace.matrix(pooled.rows, sideGrid.count)  // [heads·Q, h_s·w_s]
        maskDecoder(
          queries: sideTokens.rows(0..<queries), patches: sideTokens.rows(queries..<sideTokens.rows),
          masks: masks, biases: biases, workspace: workspace)
        MaskDecoder.pool(biases, from: sideGrid, into: pooled, to: clipGrid, pool: workspace.pool)
      }

      try enter(.recognition)
      let embeddings = recognitionHead(
        tokens, bias: pooled, queries: queries, workspace: workspace)  // [Q, E]
      return MaskProposals(
        logits: masks.tensor(shape: [queries, sideGrid.height, sideGrid.width]),
        embeddings: embeddings.tensor(),
        grid: sideGrid, imageSize: image.size)
    }
  }

  /// The text classifier `[K + 1, E]`, rows of unit length: a row a class, then "no object".
  ///
  /// `prompts` holds each class's token sequences, one a template. A class's row is the mean of its prompts' embeddings.
  /// `progress` is told how many of all prompts are done; what it throws ends the run.
  public func textClassifier(
    _ prompts: [[[Int32]]], workspace: Workspace, progress: (_ done: Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    let embeddings = try textEncoder(prompts.flatMap { $0 }, workspace: workspace, progress: progress)
    let width = embeddings.shape[1]
    defer { withExtendedLifetime(embeddings) {} }
    return Tensor(shape: [prompts.count + 1, width]) { out in
      let base = out.baseAddress!
      base.update(repeating: 0, count: out.count)
      var prompt = 0
      for (index, own) in prompts.enumerated() {
        let row = base + index * width
        for _ in own {
          VectorMath.addScaled(row, embeddings.pointer + prompt * width, width, by: 1 / Float(own.count))
          prompt += 1
        }
      }
      (base + prompts.count * width).update(from: backgroundEmbedding.pointer, count: width)
      for index in 0...prompts.count { VectorMath.normalize(base + index * width, width) }
    }
  }

  /// Class logits `[Q, K + 1]`: the scaled similarities of mask embeddings and classifier rows.
  public func classLogits(_ proposals: MaskProposals, classifier: Tensor) -> Tensor {
    precondition(
      classifier.shape.count == 2 && classifier.shape[1] == proposals.embeddings.shape[1], "one joint space")
    let rows = proposals.embeddings.shape[0]
    return Tensor(shape: [rows, classifier.shape[0]]) { out in
      let logits = Matrix(out.baseAddress!, rows: rows, columns: classifier.shape[0])
      GEMM.multiply(
        proposals.embeddings.matrix, classifier.matrix, .transposed, into: logits, alpha: logitScale)
    }
  }
}

/// What the network proposes for one image, whatever the vocabulary.
public struct MaskProposals: Sendable {
  /// Mask logits `[Q, h, w]` on the side network's grid.
  public let logits: Tensor
  /// Mask embeddings `[Q, E]` of unit length.
  public let embeddings: Tensor
  /// Rows and columns of a mask.
  public let grid: Grid
  /// The padded image's size, in pixels.
  public let imageSize: Grid

  /// Proposals from their parts.
  public init(logits: Tensor, embeddings: Tensor, grid: Grid, imageSize: Grid) {
    precondition(logits.shape == [embeddings.shape[0], grid.height, grid.width], "one mask an embedding")
    (self.logits, self.embeddings, self.grid, self.imageSize) = (logits, embeddings, grid, imageSize)
  }
}
