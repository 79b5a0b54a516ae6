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
    let clipSmallest = Int(Double(smallest) * clip.resolutionScale)
    try require(
      clipSmallest >= 1, "clip.resolution_scale", clip.resolutionScale,
      "what leaves a pixel of a picture of \(smallest)×\(smallest): 1/\(smallest) or more")
    try require(
      image.patchSize <= clipSmallest, "clip.image.patch_size", image.patchSize,
      "\(clipSmallest) or less, the side at which CLIP sees a picture of \(smallest)×\(smallest)")
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
    try require(input.shortSide, in: Self.sizeDivisor...8192, "input.short_side")
  }

  private static let maximumWidth = 1 << 14
  private static let maximumLayers = 512
  private static let maximumGrid = 1 << 12
  private static let maximumPatch = 256
}
