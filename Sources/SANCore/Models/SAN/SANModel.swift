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
  /// The logarithm of what similarities of mask and text are multiplied by: one number.
  public let logLogitScale: Tensor

  /// A model of its parts, which fit together as `configuration` says.
  public init(
    configuration: SANConfiguration, extractor: ClipVisualExtractor, sideAdapter: SideAdapterNetwork,
    maskDecoder: MaskDecoder, recognitionHead: ClipRecognitionHead, textEncoder: ClipTextEncoder,
    backgroundEmbedding: Tensor, logLogitScale: Tensor
  ) {
    self.configuration = configuration
    (self.extractor, self.recognitionHead) = (extractor, recognitionHead)
    (self.sideAdapter, self.maskDecoder) = (sideAdapter, maskDecoder)
    (self.textEncoder, self.backgroundEmbedding) = (textEncoder, backgroundEmbedding)
    self.logLogitScale = logLogitScale
  }

  /// Where a model file has the text tower, and the two parameters beside it that class embeddings do not depend on: "no object"
  /// and the scale of similarities.
  package static let classifierName = "ov_classifier"
  package static let backgroundName = "bg_embed"
  package static let logitScaleName = "logit_scale"

  /// The model of `configuration` on `parameters`: what all parameters of a model file are, and where each belongs.
  ///
  /// Precondition: the configuration is valid; see ``SANConfiguration/validate(file:)``.
  public init(_ configuration: SANConfiguration, _ parameters: ParameterScope) {
    let side = parameters.scope("side_adapter_network")
    let classifier = parameters.scope(Self.classifierName)
    let extractor = ClipVisualExtractor(parameters.scope("clip_visual_extractor"), configuration)
    let convolutions = extractor.convolutions
    self.init(
      configuration: configuration, extractor: extractor,
      sideAdapter: SideAdapterNetwork(side, configuration, convolutions: convolutions),
      maskDecoder: MaskDecoder(side.scope("mask_decoder"), configuration, convolutions: convolutions),
      recognitionHead: ClipRecognitionHead(parameters.scope("clip_rec_head"), configuration),
      textEncoder: ClipTextEncoder(classifier, configuration),
      backgroundEmbedding: classifier.tensor(Self.backgroundName, [1, configuration.clip.embedding]),
      logLogitScale: classifier.tensor(Self.logitScaleName, []))
  }

  /// The model whose parameters are all loaded.
  public init(_ parameters: ModelParameters) {
    self.init(parameters.configuration, ParameterScope(parameters))
  }

  /// What similarities of mask and text are multiplied by.
  public var logitScale: Float { ScalarMath.exp(logLogitScale.scalar) }

  /// Proposes masks for a normalised, padded image and embeds each in CLIP's joint space: all that does not depend on
  /// the vocabulary.
  ///
  /// `enter` is called before each stage, and `checkpoint` between the blocks of the first two, which take the most time.
  /// What they throw ends the run.
  ///
  /// - Throws: ``ConfigurationError/noCell(model:field:size:)`` where the image is too small for a patch.
  public func encode(
    _ image: PlanarImage, workspace: Workspace, enter: (Stage) throws -> Void = { _ in },
    checkpoint: () throws -> Void = {}
  ) throws -> MaskProposals {
    let queries = configuration.sideAdapter.queries
    let clipGrid = extractor.grid(of: image.size)
    let sideGrid = sideAdapter.grid(of: image.size)
    for (grid, field) in [(clipGrid, "clip.image.patch_size"), (sideGrid, "side_adapter.patch_size")]
    where grid.height < 1 || grid.width < 1 {
      throw ConfigurationError.noCell(model: configuration.name, field: field, size: image.size)
    }
    let fused = Set(sideAdapter.fusion.values.map(\.clipLayer))
    return try workspace.scope {
      try enter(.clip)
      var features: [Int: Matrix] = [:]
      for layer in fused {
        features[layer] = workspace.matrix(clipGrid.count, configuration.clip.image.width)  // [h·w, C]
      }
      let maps = try extractor.convolutions.map {
        try $0(image, workspace: workspace, checkpoint: checkpoint)
      }
      let tokens = try extractor(image, maps: maps, workspace: workspace) { layer, tokens, _ in
        try checkpoint()
        features[layer]?.copy(from: tokens.rows(1..<tokens.rows))
      }  // [1 + h·w, C]

      try enter(.side)
      let sideTokens = try sideAdapter(
        image, maps: maps, features: features, clipGrid: clipGrid, workspace: workspace
      ) { _, _ in try checkpoint() }  // [Q + h_s·w_s, C]

      try enter(.decoder)
      let maskGrid = maskDecoder.maskGrid(sideGrid)
      let masks = workspace.matrix(queries, maskGrid.count)  // [Q, cells]
      let pooled = workspace.matrix(maskDecoder.heads * queries, clipGrid.count)  // [heads·Q, h·w]
      workspace.scope {
        let biases = workspace.matrix(pooled.rows, sideGrid.count)  // [heads·Q, h_s·w_s]
        maskDecoder(
          queries: sideTokens.rows(0..<queries), patches: sideTokens.rows(queries..<sideTokens.rows),
          grid: sideGrid, maps: maps, masks: masks, biases: biases, workspace: workspace)
        MaskDecoder.pool(biases, from: sideGrid, into: pooled, to: clipGrid, pool: workspace.pool)
      }

      try enter(.recognition)
      let recognised = recognitionHead(
        tokens, bias: pooled, queries: queries, places: configuration.dense.usesPlaces, workspace: workspace)
      let embeddings = recognised.rows(0..<queries)
      return MaskProposals(
        logits: masks.tensor(shape: [queries, maskGrid.height, maskGrid.width]),
        embeddings: embeddings.tensor(), grid: maskGrid, imageSize: image.size,
        places: recognised.rows == queries
          ? nil
          : MaskProposals.Places(
            recognised.rows(queries..<recognised.rows).tensor(), grid: clipGrid, masks: masks,
            maskGrid: maskGrid))
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

  /// Class logits `[N, K + 1]` of embeddings `[N, E]` of masks or places: their scaled similarities with classifier rows.
  public func classLogits(_ embeddings: Tensor, classifier: Tensor) -> Tensor {
    precondition(
      classifier.shape.count == 2 && classifier.shape[1] == embeddings.shape[1], "one joint space")
    let rows = embeddings.shape[0]
    return Tensor(shape: [rows, classifier.shape[0]]) { out in
      let logits = Matrix(out.baseAddress!, rows: rows, columns: classifier.shape[0])
      GEMM.multiply(embeddings.matrix, classifier.matrix, .transposed, into: logits, alpha: logitScale)
    }
  }
}
