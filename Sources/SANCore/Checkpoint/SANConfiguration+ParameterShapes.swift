extension SANConfiguration {
  /// The name and shape of every tensor that a model of this configuration consists of, in the order of a
  /// released file.
  ///
  /// Linear layers are stored `[out, in]`, 1×1 convolutions `[out, in, 1, 1]`, projections `[in, out]`.
  ///
  /// Precondition: the configuration is valid; see ``validate(file:)``.
  public var parameterShapes: [(name: String, shape: [Int])] {
    var list = ParameterList()
    addSideAdapter(to: &list)
    addMaskDecoder(to: &list)
    addImageTower(to: &list)
    addTextTower(to: &list)
    return list.items
  }

  /// The number of floats in all of ``parameterShapes``.
  public var parameterCount: Int {
    parameterShapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  private func addSideAdapter(to list: inout ParameterList) {
    let side = sideAdapter
    let name = "side_adapter_network"
    list.add("\(name).query_embed", [1, side.queries, side.width])
    list.add("\(name).query_pos_embed", [1, side.queries, side.width])
    list.add("\(name).vit_model.pos_embed", [1, side.grid[0] * side.grid[1], side.width])
    list.addLayer("\(name).vit_model.patch_embed.proj", [side.width, 3, side.patchSize, side.patchSize])
    for block in 0..<side.layers {
      let block = "\(name).vit_model.blocks.\(block)"
      list.addNorm("\(block).norm1", side.width)
      list.addLayer("\(block).attn.qkv", [3 * side.width, side.width])
      list.addLayer("\(block).attn.proj", [side.width, side.width])
      list.addNorm("\(block).norm2", side.width)
      list.addLayer("\(block).mlp.fc1", [4 * side.width, side.width])
      list.addLayer("\(block).mlp.fc2", [side.width, 4 * side.width])
    }
    for block in side.fusion.map({ $0[1] }).sorted() {
      let layer = "\(name).fusion_layers.layer_\(block)"
      list.addNorm("\(layer).input_proj.0", clip.image.width)
      list.addLayer("\(layer).input_proj.1", [side.width, clip.image.width, 1, 1])
    }
  }

  private func addMaskDecoder(to list: inout ParameterList) {
    let name = "side_adapter_network.mask_decoder"
    let channels = maskDecoder.channels
    for (mlp, kernel, outputs) in [
      ("query_mlp", [], channels), ("pix_mlp", [1, 1], channels),
      ("attn_mlp", [1, 1], channels * maskDecoder.biasHeads),
    ] {
      for layer in 0..<maskDecoder.mlpLayers {
        let output = layer == maskDecoder.mlpLayers - 1 ? outputs : channels
        let input = layer == 0 ? sideAdapter.width : channels
        list.addLayer("\(name).\(mlp).layers.\(layer)", [output, input] + kernel)
      }
    }
    list.add("\(name).bias_scaling.weight", [1, 1])
    list.add("\(name).bias_scaling.bias", [1])
  }

  private func addImageTower(to list: inout ParameterList) {
    let image = clip.image
    list.add("clip_visual_extractor.class_embedding", [image.width])
    list.add("clip_visual_extractor.positional_embedding", [image.grid[0] * image.grid[1] + 1, image.width])
    list.add("clip_visual_extractor.conv1.weight", [image.width, 3, image.patchSize, image.patchSize])
    list.addNorm("clip_visual_extractor.ln_pre", image.width)
    list.addCLIPBlocks("clip_visual_extractor.resblocks", clip.extractorLayers, image.width)
    list.add("clip_rec_head.proj", [image.width, clip.embedding])
    list.addCLIPBlocks("clip_rec_head.resblocks", image.layers - clip.extractorLayers, image.width)
    list.addNorm("clip_rec_head.ln_post", image.width)
  }

  private func addTextTower(to list: inout ParameterList) {
    let text = clip.text
    list.add("ov_classifier.positional_embedding", [text.contextLength, text.width])
    list.add("ov_classifier.text_projection", [text.width, clip.embedding])
    list.add("ov_classifier.logit_scale", [])
    list.add("ov_classifier.bg_embed", [1, clip.embedding])
    list.addCLIPBlocks("ov_classifier.transformer.resblocks", text.layers, text.width)
    list.add("ov_classifier.token_embedding.weight", [text.vocabularySize, text.width])
    list.addNorm("ov_classifier.ln_final", text.width)
  }
}

/// Names and shapes, collected layer by layer.
private struct ParameterList {
  private(set) var items: [(name: String, shape: [Int])] = []

  mutating func add(_ name: String, _ shape: [Int]) {
    items.append((name, shape))
  }

  /// A linear layer or convolution with bias.
  mutating func addLayer(_ name: String, _ shape: [Int]) {
    add("\(name).weight", shape)
    add("\(name).bias", [shape[0]])
  }

  mutating func addNorm(_ name: String, _ width: Int) {
    add("\(name).weight", [width])
    add("\(name).bias", [width])
  }

  /// `count` of CLIP's residual blocks.
  mutating func addCLIPBlocks(_ name: String, _ count: Int, _ width: Int) {
    for block in 0..<count {
      let block = "\(name).\(block)"
      addNorm("\(block).ln_1", width)
      add("\(block).attn.in_proj_weight", [3 * width, width])
      add("\(block).attn.in_proj_bias", [3 * width])
      addLayer("\(block).attn.out_proj", [width, width])
      addNorm("\(block).ln_2", width)
      addLayer("\(block).mlp.c_fc", [4 * width, width])
      addLayer("\(block).mlp.c_proj", [width, 4 * width])
    }
  }
}
