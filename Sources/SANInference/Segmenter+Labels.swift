import SANCore

/// From an encoded photo, or a photo, to its labels.
extension Segmenter {
  /// Labels an encoded photo's pixels.
  ///
  /// - Parameters:
  ///   - image: the encoded photo.
  ///   - vocabulary: classes made ready by this segmenter's model.
  ///   - threshold: pixels whose best score is below it become ``LabelMap/other``.
  ///   - scores: whether to keep all scores, `K × height × width` floats.
  ///   - scoresFile: takes all scores as they are made; made for these classes and this size, and for this call alone.
  ///   - doubt: whether to measure how sure the labels are, ``Segmentation/doubt``.
  ///   - control: watches and stops the run.
  /// - Throws: ``SegmenterError``, `CancellationError`, `ParameterError` where the model's numbers overflow, and what
  ///   `scoresFile` throws, such as `OutputFileError`.
  public func segment(
    _ image: EncodedImage, vocabulary: Vocabulary, threshold: Float? = nil, scores: Bool = false,
    scoresFile: (any ScoreSink)? = nil, doubt: Bool = false, control: RunControl = RunControl()
  ) throws -> Segmentation {
    try check(vocabulary, threshold)
    guard image.fingerprint == fingerprint else {
      throw SegmenterError.imageOfAnotherModel(made: image.fingerprint.name, used: name)
    }
    if let scoresFile, !scoresFile.fits(classCount: vocabulary.classes.count, size: image.size) {
      throw SegmenterError.scoresDoNotFit(
        classes: vocabulary.classes.count, width: image.size.width, height: image.size.height)
    }
    var clock = StageClock()
    try control.enter(.labels)
    clock.enter(.labels)
    let logits = vocabulary.classLogits(of: image.proposals.embeddings, model: model)
    try check(logits)
    let labelling = Labelling(
      try pixelScores(of: image, logits: logits, vocabulary: vocabulary), vocabulary: vocabulary,
      threshold: threshold, missing: image.missing)
    let result = try withWorkspace { workspace in
      try workspace.scope {
        try labelling.run(
          keepingScores: scores, file: scoresFile, workspace: workspace, checkpoint: control.check)
      }
    }
    try scoresFile?.check()
    let measured =
      doubt ? try measureDoubt(of: image, logits: logits, vocabulary: vocabulary, control: control) : nil
    clock.finish()
    var timings = image.timings
    for entry in clock.timings.stages { timings.append(entry.stage, entry.duration) }
    return Segmentation(
      labels: result.labels, classes: result.classes, other: result.other, doubt: measured,
      scores: result.scores,
      proposals: image.proposals, classLogits: logits, timings: timings)
  }

  /// The doubt by the first view, unless that is a window.
  private func measureDoubt(
    of image: EncodedImage, logits: Tensor, vocabulary: Vocabulary, control: RunControl
  ) throws -> Doubt? {
    let view = image.views[0]
    guard view.rows == 0..<view.resized.height, view.columns == 0..<view.resized.width else { return nil }
    let lattice = Doubt.lattice(image.size)
    let scores = SemanticScores(
      view.proposals, probabilities: type(of: model).classProbabilities(logits), cropped: view.resized,
      size: lattice)
    let (size, missing) = (image.size, image.missing)
    return try withWorkspace { workspace in
      try workspace.scope {
        try Doubt.measure(
          scores, classes: vocabulary.classes.count, distractors: vocabulary.distractors.count,
          workspace: workspace, checkpoint: control.check
        ) { index in
          guard let missing else { return false }
          let row = (2 * (index / lattice.width) + 1) * size.height / (2 * lattice.height)
          let column = (2 * (index % lattice.width) + 1) * size.width / (2 * lattice.width)
          return missing.rows.contains(row) && missing.columns.contains(column)
        }
      }
    }
  }

  /// The scores of an encoded photo's pixels; `logits` are the class logits of its first view.
  private func pixelScores(
    of image: EncodedImage, logits: Tensor, vocabulary: Vocabulary
  ) throws -> any PixelScores {
    if image.views.count == 1 {
      return SemanticScores(
        image.proposals, scores: try classScores(of: image.proposals, logits: logits, vocabulary: vocabulary),
        cropped: image.resized, size: image.size)
    }
    return BlendedScores(image, classes: logits.shape[1] - 1) { [self] in
      let logits = vocabulary.classLogits(of: $0.embeddings, model: model)
      try check(logits)
      return try classScores(of: $0, logits: logits, vocabulary: vocabulary)
    }
  }

  /// What the masks of `proposals`, whose class logits are `logits`, and the model's place tokens give every class.
  private func classScores(
    of proposals: MaskProposals, logits: Tensor, vocabulary: Vocabulary
  ) throws -> ClassScores {
    let places = proposals.places.map { vocabulary.classLogits(of: $0.embeddings, model: model) }
    if let places { try check(places) }
    return ClassScores(logits, places: places, of: proposals, dense: model.configuration.dense)
  }

  /// Labels a photo's pixels: `encode`, and `segment` of what it returns, in one.
  ///
  /// - Parameters:
  ///   - image: the photo.
  ///   - vocabulary: classes made ready by this segmenter's model.
  ///   - shortSide: length in pixels, 1 to ``ImageLimits/side``, to which its short side is resized; the model's own where it is nil.
  ///   - resampling: how it is resized.
  ///   - views: how often the network sees it, and in what shapes.
  ///   - threshold: pixels whose best score is below it become ``LabelMap/other``.
  ///   - scores: whether to keep all scores, `K × height × width` floats.
  ///   - scoresFile: takes all scores as they are made; made for these classes and this size, and for this call alone.
  ///   - doubt: whether to measure how sure the labels are, ``Segmentation/doubt``.
  ///   - control: watches and stops the run.
  /// - Throws: as `encode` does, and what `scoresFile` throws, such as `OutputFileError`.
  public func segment(
    _ image: RGBImage, vocabulary: Vocabulary, shortSide: Int? = nil, resampling: ResamplingFilter = .bicubic,
    views: ViewOptions = .one, threshold: Float? = nil, scores: Bool = false,
    scoresFile: (any ScoreSink)? = nil, doubt: Bool = false,
    control: RunControl = RunControl()
  ) throws -> Segmentation {
    try check(vocabulary, threshold)  // before the network runs, which takes long
    let encoded = try encode(
      image, shortSide: shortSide, resampling: resampling, views: views, control: control)
    return try segment(
      encoded, vocabulary: vocabulary, threshold: threshold, scores: scores, scoresFile: scoresFile,
      doubt: doubt, control: control)
  }

  /// Throws where a vocabulary is another model's, or a threshold is none.
  private func check(_ vocabulary: Vocabulary, _ threshold: Float?) throws(SegmenterError) {
    guard vocabulary.fingerprint == fingerprint else {
      throw .vocabularyOfAnotherModel(made: vocabulary.fingerprint.name, used: name)
    }
    if let threshold, !(threshold.isFinite && threshold >= 0) { throw .threshold(threshold) }
  }
}
