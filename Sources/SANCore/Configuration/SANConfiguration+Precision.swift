extension SANConfiguration {
  /// Queries, keys and values of CLIP's first blocks: most of the error that reaches the scores of ViT-B/16 begins in them, and
  /// they are a twelfth of the products of the blocks that compute with integers.
  private static let firstQuestions = (0..<3).map {
    "clip_visual_extractor.resblocks.\($0).attn.in_proj_weight"
  }

  /// What meets pixels first, and the mask decoder: computed and stored as they are.
  private static let ends = [
    "clip_visual_extractor.conv1", "clip_visual_extractor.stem",
    "side_adapter_network.vit_model.patch_embed", "side_adapter_network.mask_decoder",
  ]

  /// The ``float32Layers`` of configurations that name none: what meets pixels first, what CLIP's first blocks attend by, the
  /// mask decoder, CLIP's last blocks, in which a small error changes a name, and the text tower, which runs once a name and
  /// whose embeddings are kept.
  public static let sensitiveLayers =
    ends + ["clip_rec_head", "ov_classifier"] + firstQuestions

  /// Those of the ``sensitiveLayers`` that are computed in bfloat16 all the same: it was measured to change no more names.
  static let layersOfBfloat16 = ["clip_rec_head.resblocks"] + firstQuestions

  /// Layers of which a file of 8-bit integers has the numbers as they are: those whose rounding changes labels, the text tower's
  /// first blocks among them, and what is stored transposed.
  public static let exactLayers =
    ends + ["clip_rec_head.proj", "ov_classifier.text_projection"] + firstQuestions
    + (0..<3).map { "ov_classifier.transformer.resblocks.\($0)" }

  /// Whether the parameter `name` is computed with in single precision where the other layers are of `precision`.
  public func isFloat32(_ name: String, in precision: Precision) -> Bool {
    if precision == .bfloat16 && float32Layers == Self.sensitiveLayers
      && Self.isOf(Self.layersOfBfloat16, name)
    {
      return false
    }
    return precision == .float32 || Self.isOf(float32Layers, name)
  }

  /// Whether `name` is one of `layers`, or within one.
  static func isOf(_ layers: [String], _ name: String) -> Bool {
    layers.contains { name == $0 || name.hasPrefix("\($0).") }
  }
}
