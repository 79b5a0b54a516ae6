extension SANConfiguration {
  /// Queries, keys and values of CLIP's first blocks: most of the error that reaches the scores of ViT-B/16 begins in them, and
  /// they are a twelfth of the products of the blocks that compute with integers.
  private static let firstQuestions = (0..<3).map {
    "clip_visual_extractor.resblocks.\($0).attn.in_proj_weight"
  }

  /// The ``float32Layers`` of configurations that name none: what meets pixels first, what CLIP's first blocks attend by, the
  /// mask decoder, CLIP's last blocks, in which a small error changes a name, and the text tower, which runs once a name and
  /// whose embeddings are kept.
  public static let sensitiveLayers =
    [
      "clip_visual_extractor.conv1", "clip_visual_extractor.stem",
      "side_adapter_network.vit_model.patch_embed",
      "side_adapter_network.mask_decoder", "clip_rec_head", "ov_classifier",
    ] + firstQuestions

  /// Layers of which a file of 8-bit integers has the numbers as they are: those whose rounding changes labels, the text tower's
  /// first blocks among them, and what is stored transposed.
  public static let exactLayers =
    [
      "clip_visual_extractor.conv1", "clip_visual_extractor.stem",
      "side_adapter_network.vit_model.patch_embed",
      "side_adapter_network.mask_decoder", "clip_rec_head.proj", "ov_classifier.text_projection",
    ] + firstQuestions + (0..<3).map { "ov_classifier.transformer.resblocks.\($0)" }

  /// Whether the parameter `name` is computed with in single precision.
  public func isFloat32(_ name: String) -> Bool { Self.isOf(float32Layers, name) }

  /// Whether `name` is one of `layers`, or within one.
  static func isOf(_ layers: [String], _ name: String) -> Bool {
    layers.contains { name == $0 || name.hasPrefix("\($0).") }
  }
}
