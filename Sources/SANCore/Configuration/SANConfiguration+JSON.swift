extension SANConfiguration {
  /// The largest configuration read, in bytes.
  static let maximumJSONByteCount = 1 << 20

  /// Reads a configuration from UTF-8 `json` and checks every field. `file` is what errors call its source.
  ///
  /// Names are in snake case (`patch_size`), in the structure of this type. Every field is required but those that were added
  /// since the first files were written, which stand for what these mean: `architecture` is `san`. No other is allowed.
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
            grid: try image.grid("grid"))
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
    sideAdapter = try reader.object("side_adapter") { side in
      SideAdapter(
        width: try side.integer("width"), layers: try side.integer("layers"),
        heads: try side.integer("heads"),
        patchSize: try side.integer("patch_size"), grid: try side.grid("grid"),
        fusion: try side.pairs("fusion").map { Fusion(clipLayer: $0, sideBlock: $1) },
        queries: try side.integer("queries"))
    }
    maskDecoder = try reader.object("mask_decoder") { decoder in
      MaskDecoder(
        channels: try decoder.integer("channels"), mlpLayers: try decoder.integer("mlp_layers"),
        biasHeads: try decoder.integer("bias_heads"))
    }
    input = try reader.object("input") { Input(shortSide: try $0.integer("short_side")) }
    try reader.finish()
    try validate(file: file)
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
    let architecture =
      architecture == Self.san ? "" : "\n  \"architecture\": \(jsonString(architecture)),"
    return """
      {\(architecture)
        "name": \(jsonString(name)),
        "clip": {
          "image": {
            "width": \(clip.image.width),
            "layers": \(clip.image.layers),
            "heads": \(clip.image.heads),
            "patch_size": \(clip.image.patchSize),
            "grid": \(list(clip.image.grid))
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
          "bias_heads": \(maskDecoder.biasHeads)
        },
        "input": {
          "short_side": \(input.shortSide)
        }
      }

      """
  }
}
