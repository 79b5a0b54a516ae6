extension SANConfiguration {
  /// Checks what all code that uses a configuration relies on: extents are positive and so small that no
  /// product of them overflows, and the parts fit together. `file` is what errors call the configuration's
  /// source.
  ///
  /// - Throws: ``ConfigurationError/invalidValue(file:field:value:allowed:)``.
  public func validate(file: String) throws {
    func require(_ condition: Bool, _ field: String, _ value: some Any, _ allowed: String) throws {
      guard condition else {
        throw ConfigurationError.invalidValue(file: file, field: field, value: "\(value)", allowed: allowed)
      }
    }
    func require(_ value: Int, in range: ClosedRange<Int>, _ field: String) throws {
      try require(range.contains(value), field, value, "\(range.lowerBound) to \(range.upperBound)")
    }
    func requireTransformer(_ width: Int, _ layers: Int, _ heads: Int, _ field: String) throws {
      try require(width, in: 1...Self.maximumWidth, "\(field).width")
      try require(layers, in: 1...Self.maximumLayers, "\(field).layers")
      try require(heads, in: 1...width, "\(field).heads")
      try require(width % heads == 0, "\(field).heads", heads, "a divisor of the width \(width)")
    }
    func requireGrid(_ grid: Grid, _ field: String) throws {
      let range = 1...Self.maximumGrid
      try require(
        range.contains(grid.height) && range.contains(grid.width), field, [grid.height, grid.width],
        "two numbers, rows and columns, of 1 to \(Self.maximumGrid)")
    }
    // The smallest picture that there is, padded, has a patch of its own: then every picture has.
    let smallest = Self.sizeDivisor

    try require(architecture == Self.san, "architecture", quoted(architecture), quoted(Self.san))
    try require(
      (1...100).contains(name.unicodeScalars.count)
        && name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control },
      "name", quoted(name), "1 to 100 characters without control characters")

    let (image, text) = (clip.image, clip.text)
    try requireTransformer(image.width, image.layers, image.heads, "clip.image")
    try require(image.patchSize, in: 1...Self.maximumPatch, "clip.image.patch_size")
    try requireGrid(image.grid, "clip.image.grid")
    try requireTransformer(text.width, text.layers, text.heads, "clip.text")
    try require(text.contextLength, in: 3...4096, "clip.text.context_length")
    // 256 symbols, the same at a word's end, one merge, start and end
    try require(text.vocabularySize, in: 515...1 << 20, "clip.text.vocabulary_size")
    try require(clip.embedding, in: 1...Self.maximumWidth, "clip.embedding")
    try require(
      clip.resolutionScale > 0 && clip.resolutionScale <= 1, "clip.resolution_scale", clip.resolutionScale,
      "above 0, up to 1")
    // With a stem there is no image of CLIP's own, and both towers' grids are of 16 pixels.
    let clipSmallest = Int(Double(smallest) * clip.resolutionScale)
    try require(
      clipSmallest >= 1, "clip.resolution_scale", clip.resolutionScale,
      "what leaves a pixel of a picture of \(smallest)×\(smallest): 1/\(smallest) or more")
    try require(
      image.patchSize <= clipSmallest, "clip.image.patch_size", image.patchSize,
      "\(clipSmallest) or less, the side at which CLIP sees a picture of \(smallest)×\(smallest)")
    try validate(image.stem, require: require)
    try require(image.layers >= 2, "clip.image.layers", image.layers, "2 or more")
    try require(clip.extractorLayers, in: 1...image.layers - 1, "clip.extractor_layers")

    try requireTransformer(sideAdapter.width, sideAdapter.layers, sideAdapter.heads, "side_adapter")
    try require(sideAdapter.patchSize, in: 1...smallest, "side_adapter.patch_size")
    try requireGrid(sideAdapter.grid, "side_adapter.grid")
    try require(sideAdapter.queries, in: 1...4096, "side_adapter.queries")
    let fusion = sideAdapter.fusion
    try require(
      !fusion.isEmpty, "side_adapter.fusion", fusion, "one or more pairs of CLIP layer and side block")
    for pair in fusion {
      try require(
        (0...clip.extractorLayers).contains(pair.clipLayer), "side_adapter.fusion", pair,
        "CLIP layers of 0 to \(clip.extractorLayers)")
      try require(
        (0...sideAdapter.layers).contains(pair.sideBlock), "side_adapter.fusion", pair,
        "side blocks of 0 to \(sideAdapter.layers)")
    }
    try require(
      Set(fusion.map(\.sideBlock)).count == fusion.count, "side_adapter.fusion", fusion,
      "each side block once")

    try require(maskDecoder.channels, in: 1...Self.maximumWidth, "mask_decoder.channels")
    try require(maskDecoder.mlpLayers, in: 2...64, "mask_decoder.mlp_layers")
    try require(
      maskDecoder.biasHeads == image.heads, "mask_decoder.bias_heads", maskDecoder.biasHeads,
      "\(image.heads), as many as clip.image.heads")
    try require(
      maskDecoder.stride == sideAdapter.patchSize
        || image.stem != nil && 2 * maskDecoder.stride == sideAdapter.patchSize, "mask_decoder.stride",
      maskDecoder.stride,
      "side_adapter.patch_size, \(sideAdapter.patchSize), or with clip.image.stem half of it")
    let shares = [dense.mask, dense.maskMean, dense.places]
    try require(
      shares.allSatisfy { (0...1e6).contains($0) } && shares.contains { $0 > 0 }, "dense", shares,
      "three numbers of 0 to 1e6, not all of them 0")
    try require(input.shortSide, in: Self.sizeDivisor...8192, "input.short_side")
    try require(
      input.mean.count == 3 && input.mean.allSatisfy { abs($0) <= 1e6 }, "input.mean", input.mean,
      "three numbers of ±1e6")
    try require(
      input.deviation.count == 3 && input.deviation.allSatisfy { (1e-3...1e6).contains($0) }, "input.std",
      input.deviation, "three numbers of 0.001 to 1e6")
  }

  /// Checks the convolutional stem, and that both towers' grids are those of its maps.
  private func validate(
    _ stem: Stem?, require: (Bool, String, Any, String) throws -> Void
  ) throws {
    guard let stem else { return }
    let field = "clip.image.stem"
    func within(_ value: Int, _ range: ClosedRange<Int>, _ name: String) throws {
      try require(
        range.contains(value), "\(field).\(name)", value, "\(range.lowerBound) to \(range.upperBound)")
    }
    try require(
      stem.kind == Stem.efficientNetLite, "\(field).kind", quoted(stem.kind), quoted(Stem.efficientNetLite))
    try within(stem.channels, 1...1024, "channels")
    for stage in stem.blocks {
      try require(
        (1...8).contains(stage.expansion) && [3, 5].contains(stage.kernel) && [1, 2].contains(stage.stride)
          && (1...4096).contains(stage.channels) && (1...64).contains(stage.repeats), "\(field).blocks",
        [stage.expansion, stage.kernel, stage.stride, stage.channels, stage.repeats],
        "an expansion of 1 to 8, a kernel of 3 or 5, a stride of 1 or 2, 1 to 4096 channels, 1 to 64 repeats")
    }
    try require(
      stem.blocks.count <= 64 && stem.blocks.filter { $0.stride == 2 }.count == 4, "\(field).blocks",
      stem.blocks.map(\.stride), "up to 64 rows, four of them with a stride of 2")
    try within(stem.head, 1...8192, "head")
    try within(stem.hidden, 1...8192, "hidden")
    try require(
      clip.image.patchSize == 16, "clip.image.patch_size", clip.image.patchSize, "16 with \(field)")
    try require(
      sideAdapter.patchSize == 16, "side_adapter.patch_size", sideAdapter.patchSize, "16 with \(field)")
    try require(
      clip.resolutionScale == 1, "clip.resolution_scale", clip.resolutionScale, "1 with \(field)")
  }

  private static let maximumWidth = 1 << 14
  private static let maximumLayers = 512
  private static let maximumGrid = 1 << 12
  private static let maximumPatch = 256
}
