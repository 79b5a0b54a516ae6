extension SANConfiguration {
  /// The largest configuration read, in bytes.
  static let maximumJSONByteCount = 1 << 20

  /// Reads a configuration from UTF-8 `json` and checks every field. `file` is what errors call its source.
  ///
  /// Names are in snake case (`patch_size`), in the structure of this type. Every field is required but those that were added
  /// since the first files were written, which stand for what these mean: `architecture` is `san`, there is no
  /// `clip.image.stem` but patches, `mask_decoder.stride` is the side adapter's patch size, `dense` is masks alone,
  /// `input.mean` and `input.std` are CLIP's, and `float32_layers` are ``sensitiveLayers``. No other is allowed.
  ///
  /// - Throws: ``ConfigurationError``.
  public init(json: [UInt8], file: String) throws {
    var reader = try ConfigurationReader(json, file: file)
    architecture = try reader.optional("architecture") { try $0.string($1) } ?? Self.san
    name = try reader.string("name")
    clip = try reader.object("clip") { clip in
      CLIP(
        image: try clip.object("image") { image in
          CLIP.Image(
            width: try image.integer("width"), layers: try image.integer("layers"),
            heads: try image.integer("heads"), patchSize: try image.integer("patch_size"),
            grid: try image.grid("grid"),
            stem: try image.optional("stem") { try $0.object($1, Self.stem) })
        },
        text: try clip.object("text") { text in
          CLIP.Text(
            width: try text.integer("width"), layers: try text.integer("layers"),
            heads: try text.integer("heads"), contextLength: try text.integer("context_length"),
            vocabularySize: try text.integer("vocabulary_size"))
        },
        embedding: try clip.integer("embedding"), resolutionScale: try clip.real("resolution_scale"),
        extractorLayers: try clip.integer("extractor_layers"))
    }
    let side = try reader.object("side_adapter") { side in
      SideAdapter(
        width: try side.integer("width"), layers: try side.integer("layers"),
        heads: try side.integer("heads"),
        patchSize: try side.integer("patch_size"), grid: try side.grid("grid"),
        fusion: try side.pairs("fusion").map { Fusion(clipLayer: $0, sideBlock: $1) },
        queries: try side.integer("queries"))
    }
    sideAdapter = side
    maskDecoder = try reader.object("mask_decoder") { decoder in
      MaskDecoder(
        channels: try decoder.integer("channels"), mlpLayers: try decoder.integer("mlp_layers"),
        biasHeads: try decoder.integer("bias_heads"),
        stride: try decoder.optional("stride") { try $0.integer($1) } ?? side.patchSize)
    }
    dense =
      try reader.optional("dense") {
        try $0.object($1) { dense in
          Dense(
            mask: try dense.real("mask"), maskMean: try dense.real("mask_mean"),
            places: try dense.real("places"))
        }
      } ?? .none
    input = try reader.object("input") { input in
      Input(
        shortSide: try input.integer("short_side"),
        mean: try input.optional("mean") { try $0.reals($1) } ?? Input.clipMean,
        deviation: try input.optional("std") { try $0.reals($1) } ?? Input.clipDeviation)
    }
    float32Layers = try reader.optional("float32_layers") { try $0.strings($1) } ?? Self.sensitiveLayers
    try reader.finish()
    try validate(file: file)
  }

  private static func stem(_ reader: inout ConfigurationReader) throws -> Stem {
    Stem(
      kind: try reader.string("kind"), channels: try reader.integer("channels"),
      blocks: try reader.rows("blocks", of: 5).map {
        Stem.Stage(expansion: $0[0], kernel: $0[1], stride: $0[2], channels: $0[3], repeats: $0[4])
      },
      head: try reader.integer("head"), hidden: try reader.integer("hidden"))
  }

  /// Reads a configuration from the JSON file at `path`.
  ///
  /// - Throws: ``FileError`` or ``ConfigurationError``.
  public init(path: String) throws {
    let json = try MappedFile.contents(of: path, limit: Self.maximumJSONByteCount)
    try self.init(json: Array(json.withoutByteOrderMark), file: path)
  }

  /// The configuration as JSON, always with the same bytes; ``init(json:file:)`` reads it back.
  public var json: String {
    func list(_ grid: Grid) -> String { "[\(grid.height), \(grid.width)]" }
    // Fields that older files do not have are written where they say something new.
    let layers =
      float32Layers == Self.sensitiveLayers
      ? "" : ",\n  \"float32_layers\": [\(float32Layers.map(jsonString).joined(separator: ", "))]"
    let architecture =
      architecture == Self.san ? "" : "\n  \"architecture\": \(jsonString(architecture)),"
    let stem = clip.image.stem.map { ",\n      \"stem\": \($0.json)" } ?? ""
    let maskStride =
      maskDecoder.stride == sideAdapter.patchSize ? "" : ",\n    \"stride\": \(maskDecoder.stride)"
    let dense =
      dense == .none
      ? ""
      : "\n  \"dense\": {\"mask\": \(dense.mask), \"mask_mean\": \(dense.maskMean), \"places\": \(dense.places)},"
    let mean = input.mean == Input.clipMean ? "" : ",\n    \"mean\": \(input.mean)"
    let deviation =
      input.deviation == Input.clipDeviation ? "" : ",\n    \"std\": \(input.deviation)"
    return """
      {\(architecture)
        "name": \(jsonString(name)),
        "clip": {
          "image": {
            "width": \(clip.image.width),
            "layers": \(clip.image.layers),
            "heads": \(clip.image.heads),
            "patch_size": \(clip.image.patchSize),
            "grid": \(list(clip.image.grid))\(stem)
          },
          "text": {
            "width": \(clip.text.width),
            "layers": \(clip.text.layers),
            "heads": \(clip.text.heads),
            "context_length": \(clip.text.contextLength),
            "vocabulary_size": \(clip.text.vocabularySize)
          },
          "embedding": \(clip.embedding),
          "resolution_scale": \(clip.resolutionScale),
          "extractor_layers": \(clip.extractorLayers)
        },
        "side_adapter": {
          "width": \(sideAdapter.width),
          "layers": \(sideAdapter.layers),
          "heads": \(sideAdapter.heads),
          "patch_size": \(sideAdapter.patchSize),
          "grid": \(list(sideAdapter.grid)),
          "fusion": [\(sideAdapter.fusion.map(\.description).joined(separator: ", "))],
          "queries": \(sideAdapter.queries)
        },
        "mask_decoder": {
          "channels": \(maskDecoder.channels),
          "mlp_layers": \(maskDecoder.mlpLayers),
          "bias_heads": \(maskDecoder.biasHeads)\(maskStride)
        },\(dense)
        "input": {
          "short_side": \(input.shortSide)\(mean)\(deviation)
        }\(layers)
      }

      """
  }
}

extension SANConfiguration.Stem {
  /// The stem as a configuration file has it.
  fileprivate var json: String {
    let rows = blocks.map { "[\($0.expansion), \($0.kernel), \($0.stride), \($0.channels), \($0.repeats)]" }
    return """
      {"kind": \(jsonString(kind)), "channels": \(channels), "blocks": [\(rows.joined(separator: ", "))], \
      "head": \(head), "hidden": \(hidden)}
      """
  }
}
