/// The names and shapes under which another program stores a SAN model's tensors.
///
/// The rules are data: the first one that fits a name applies. In a pattern `#` stands for one number and a `*` at
/// the end for any rest; both sides have the same ones, so that a rule can be read either way.
struct TensorNaming: Sendable {
  /// What differs between a stored tensor and ours, beside the name.
  enum Layout: Sendable, Hashable {
    case same
    /// The stored shape has as many axes of one index in front.
    case leadingOnes(Int)
    /// The stored matrix has rows and columns exchanged.
    case transposed
  }

  struct Rule: Sendable {
    let stored: String
    let name: String
    var layout = Layout.same

    init(_ stored: String, _ name: String, _ layout: Layout = .same) {
      (self.stored, self.name, self.layout) = (stored, name, layout)
    }
  }

  /// What only names of this program begin with.
  let mark: String
  let rules: [Rule]

  /// All that are known.
  static let known = [mmsegmentation]

  /// mmsegmentation 1.2's `MultimodalEncoderDecoder` with a `SideAdapterCLIPHead`.
  static let mmsegmentation = TensorNaming(
    mark: "decode_head.side_adapter_network.",
    rules: [
      Rule("image_encoder.cls_token", "clip_visual_extractor.class_embedding", .leadingOnes(2)),
      Rule("image_encoder.pos_embed", "clip_visual_extractor.positional_embedding", .leadingOnes(1)),
      Rule("image_encoder.patch_embed.projection.*", "clip_visual_extractor.conv1.*"),
      Rule("image_encoder.ln_pre.*", "clip_visual_extractor.ln_pre.*"),
      Rule("image_encoder.layers.#.ln1.*", "clip_visual_extractor.resblocks.#.ln_1.*"),
      Rule("image_encoder.layers.#.attn.attn.*", "clip_visual_extractor.resblocks.#.attn.*"),
      Rule("image_encoder.layers.#.ln2.*", "clip_visual_extractor.resblocks.#.ln_2.*"),
      Rule("image_encoder.layers.#.ffn.layers.0.0.*", "clip_visual_extractor.resblocks.#.mlp.c_fc.*"),
      Rule("image_encoder.layers.#.ffn.layers.1.*", "clip_visual_extractor.resblocks.#.mlp.c_proj.*"),

      Rule("decode_head.rec_with_attnbias.layers.#.norms.0.*", "clip_rec_head.resblocks.#.ln_1.*"),
      Rule("decode_head.rec_with_attnbias.layers.#.attentions.0.attn.*", "clip_rec_head.resblocks.#.attn.*"),
      Rule("decode_head.rec_with_attnbias.layers.#.norms.1.*", "clip_rec_head.resblocks.#.ln_2.*"),
      Rule(
        "decode_head.rec_with_attnbias.layers.#.ffns.0.layers.0.0.*", "clip_rec_head.resblocks.#.mlp.c_fc.*"),
      Rule(
        "decode_head.rec_with_attnbias.layers.#.ffns.0.layers.1.*", "clip_rec_head.resblocks.#.mlp.c_proj.*"),
      Rule("decode_head.rec_with_attnbias.proj.weight", "clip_rec_head.proj", .transposed),
      Rule("decode_head.rec_with_attnbias.ln_post.*", "clip_rec_head.ln_post.*"),

      Rule("text_encoder.transformer.#.norms.0.*", "ov_classifier.transformer.resblocks.#.ln_1.*"),
      Rule("text_encoder.transformer.#.attentions.0.attn.*", "ov_classifier.transformer.resblocks.#.attn.*"),
      Rule("text_encoder.transformer.#.norms.1.*", "ov_classifier.transformer.resblocks.#.ln_2.*"),
      Rule(
        "text_encoder.transformer.#.ffns.0.layers.0.0.*", "ov_classifier.transformer.resblocks.#.mlp.c_fc.*"),
      Rule(
        "text_encoder.transformer.#.ffns.0.layers.1.*", "ov_classifier.transformer.resblocks.#.mlp.c_proj.*"),
      Rule("text_encoder.*", "ov_classifier.*"),

      Rule("decode_head.side_adapter_network.pos_embed", "side_adapter_network.vit_model.pos_embed"),
      Rule(
        "decode_head.side_adapter_network.patch_embed.projection.*",
        "side_adapter_network.vit_model.patch_embed.proj.*"),
      Rule(
        "decode_head.side_adapter_network.encode_layers.#.ln1.*",
        "side_adapter_network.vit_model.blocks.#.norm1.*"),
      Rule(
        "decode_head.side_adapter_network.encode_layers.#.attn.attn.in_proj_*",
        "side_adapter_network.vit_model.blocks.#.attn.qkv.*"),
      Rule(
        "decode_head.side_adapter_network.encode_layers.#.attn.attn.out_proj.*",
        "side_adapter_network.vit_model.blocks.#.attn.proj.*"),
      Rule(
        "decode_head.side_adapter_network.encode_layers.#.ln2.*",
        "side_adapter_network.vit_model.blocks.#.norm2.*"),
      Rule(
        "decode_head.side_adapter_network.encode_layers.#.ffn.layers.0.0.*",
        "side_adapter_network.vit_model.blocks.#.mlp.fc1.*"),
      Rule(
        "decode_head.side_adapter_network.encode_layers.#.ffn.layers.1.*",
        "side_adapter_network.vit_model.blocks.#.mlp.fc2.*"),
      // Numbered by their order, which is the number of the side block wherever fusion starts before the first
      // block and skips none.
      Rule(
        "decode_head.side_adapter_network.conv_clips.#.0.*",
        "side_adapter_network.fusion_layers.layer_#.input_proj.0.*"),
      Rule(
        "decode_head.side_adapter_network.conv_clips.#.1.conv.*",
        "side_adapter_network.fusion_layers.layer_#.input_proj.1.*"),
      Rule("decode_head.side_adapter_network.*", "side_adapter_network.*"),
    ])
}

extension TensorNaming {
  /// `record` under our name and in our layout; as it is where no rule fits.
  func renamed(_ record: TensorRecord) -> TensorRecord {
    for rule in rules {
      if let name = Self.apply(rule.stored, rule.name, to: record.storedName) {
        return record.renamed(name, rule.layout)
      }
    }
    return record
  }

  /// The name and shape under which this program stores our tensor.
  func stored(_ name: String, _ shape: [Int]) -> (name: String, shape: [Int]) {
    for rule in rules {
      guard let stored = Self.apply(rule.name, rule.stored, to: name) else { continue }
      return switch rule.layout {
      case .same: (stored, shape)
      case .leadingOnes(let count): (stored, [Int](repeating: 1, count: count) + shape)
      case .transposed: (stored, shape.reversed())
      }
    }
    return (name, shape)
  }

  /// `name` as `target` has it, if it fits `pattern`.
  private static func apply(_ pattern: String, _ target: String, to name: String) -> String? {
    var (pattern, rest) = (Substring(pattern).utf8, Substring(name).utf8)
    var number = Substring().utf8
    while let expected = pattern.first, expected != UInt8(ascii: "*") {
      if expected == UInt8(ascii: "#") {
        number = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !number.isEmpty else { return nil }
        rest = rest.dropFirst(number.count)
      } else {
        guard rest.first == expected else { return nil }
        rest = rest.dropFirst()
      }
      pattern = pattern.dropFirst()
    }
    guard !pattern.isEmpty || rest.isEmpty else { return nil }
    return target.reduce(into: "") { text, character in
      switch character {
      case "#": text += String(Substring(number))
      case "*": text += String(Substring(rest))
      default: text.append(character)
      }
    }
  }
}
