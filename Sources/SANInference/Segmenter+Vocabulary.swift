import SANCore

extension Segmenter {
  /// Embeds class names.
  ///
  /// - Parameters:
  ///   - classes: at least one; their order gives the labels.
  ///   - background: what pixels may be that are none of the classes.
  ///   - templates: sentences into which a name is put; the embeddings of all are averaged.
  ///   - control: watches and stops the run.
  /// - Throws: ``VocabularyError``, `CancellationError`; `ResourceError` or `TokenizerError` where the package's own files
  ///   are missing or damaged; `ParameterError` where the model's numbers overflow.
  public func vocabulary(
    _ classes: [String], background: Background = .distractors, templates: PromptTemplates = .vild,
    control: RunControl = RunControl()
  ) throws -> Vocabulary {
    try vocabulary(
      classes.map { ClassName($0) }, background: background, templates: templates, control: control)
  }

  /// Embeds the names of classes that may have synonyms.
  ///
  /// - Parameters:
  ///   - classes: at least one; their order gives the labels.
  ///   - synonyms: how a class's synonyms become one score.
  ///   - background: what pixels may be that are none of the classes.
  ///   - templates: sentences into which a name is put; the embeddings of all are averaged.
  ///   - control: watches and stops the run.
  /// - Throws: ``VocabularyError``, `CancellationError`; `ResourceError` or `TokenizerError` where the package's own files
  ///   are missing or damaged; `ParameterError` where the model's numbers overflow.
  public func vocabulary(
    _ classes: [ClassName], synonyms: SynonymPooling = .best, background: Background = .distractors,
    templates: PromptTemplates = .vild, control: RunControl = RunControl()
  ) throws -> Vocabulary {
    try VocabularyError.check(classes)
    let distractors = try background.distractors(beside: classes.flatMap { [$0.title] + $0.synonyms })
    if let position = distractors.firstIndex(where: { TextCleaning.clean($0).isEmpty }) {
      throw VocabularyError.blankBackground(position: position)
    }
    let embeddings = try embeddings(
      of: classes.flatMap(\.synonyms) + distractors, templates: templates, control: control)
    let noObject = try withWorkspace { try model.textClassifier([], workspace: $0) { _ in } }
    try check(noObject)
    return Vocabulary(
      classes, synonyms: synonyms, distractors: distractors, templates: templates, embeddings: embeddings,
      noObject: noObject.values, fingerprint: fingerprint)
  }

  /// The tokens of the longest sentence that `templates` make of `name`, start and end included, whether or not the
  /// model reads them all.
  package func tokenCount(of name: String, templates: PromptTemplates) throws -> Int {
    let tokenizer = try tokenizer()
    return templates.prompts(for: name).map { tokenizer.encode($0).count }.max() ?? 0
  }

  /// The embeddings of `names`: those that come with the package, those that the cache has, and the others computed, and
  /// kept.
  ///
  /// What comes with the package counts with a cache and without, so that a name has the same embedding in every program,
  /// whatever computed the package's.
  private func embeddings(
    of names: [String], templates: PromptTemplates, control: RunControl
  ) throws -> [CachedEmbedding] {
    let key = TextCacheKey(
      fingerprint: fingerprint.text, templates: templates, width: model.configuration.clip.embedding)
    let digests = names.map(key.classDigest)
    var found = TextCache.shipped(digests, key: key)
    let others = names.indices.filter { found[$0] == nil }
    if let textCache {
      for (index, kept) in zip(others, textCache.kept(others.map { digests[$0] }, key: key)) {
        found[index] = kept
      }
    }
    let missing = others.filter { found[$0] == nil }
    let computed = try computedEmbeddings(
      of: missing.map { names[$0] }, among: names.count, templates: templates, control: control)
    for (index, embedding) in zip(missing, computed) { found[index] = embedding }
    textCache?.store(zip(missing, computed).map { (digests[$0], $1) }, key: key)
    return found.compactMap { $0 }
  }

  /// The embeddings of `names`; `total` counts those too that were known already.
  private func computedEmbeddings(
    of names: [String], among total: Int, templates: PromptTemplates, control: RunControl
  ) throws -> [CachedEmbedding] {
    let context = model.configuration.clip.text.contextLength
    var truncated: [Bool] = []
    let prompts = try names.map { name in
      let tokenizer = try tokenizer()
      let encoded = templates.prompts(for: name).map { tokenizer.encode($0, contextLength: context) }
      truncated.append(encoded.contains { $0.wasTruncated })
      return encoded.map(\.tokens)
    }
    let each = templates.templates.count
    let known = (total - names.count) * each
    let classifier = try withWorkspace { workspace in
      try model.textClassifier(prompts, workspace: workspace) {
        try control.enter(.text, completed: known + $0, total: known + names.count * each)
      }
    }
    try check(classifier)
    return truncated.enumerated().map {
      CachedEmbedding(values: classifier.rows($0..<$0 + 1).values, wasTruncated: $1)
    }
  }
}
