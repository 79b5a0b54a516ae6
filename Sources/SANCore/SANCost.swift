/// What a run of a model costs, in multiply-adds of its matrix products, part by part.
///
/// This counts the network as the paper defines it. What an implementation saves without changing the result (blocks of
/// which few tokens are read, prompts cut at their end) is not taken off. The scores of a vocabulary, Q·K products
/// a pixel, come on top.
///
/// Counts are exact as far as a `Double` is: to 2⁵³.
public struct SANCost: Sendable, Hashable {
  /// CLIP's blocks before the recognition head.
  public let clipExtractor: Double
  /// CLIP's last blocks, with the recognition tokens, and the projection to the joint space.
  public let recognitionHead: Double
  /// The side ViT's blocks.
  public let sideAdapter: Double
  /// Pixels to tokens, of both towers.
  public let patchEmbeddings: Double
  /// CLIP's features into the side ViT.
  public let fusion: Double
  /// Mask proposals and attention biases.
  public let maskDecoder: Double

  /// The sum of all parts.
  public var total: Double {
    clipExtractor + recognitionHead + sideAdapter + patchEmbeddings + fusion + maskDecoder
  }

  /// The cost of one image.
  ///
  /// - Parameters:
  ///   - configuration: a valid one; see ``SANConfiguration/validate(file:)``.
  ///   - imageSize: the image as the network gets it, in pixels; padded here to multiples of
  ///     ``SANConfiguration/sizeDivisor``.
  public init(_ configuration: SANConfiguration, imageSize: Grid) {
    let (clip, side, decoder) = (configuration.clip, configuration.sideAdapter, configuration.maskDecoder)
    let divisor = SANConfiguration.sizeDivisor
    let height = (imageSize.height + divisor - 1) / divisor * divisor
    let width = (imageSize.width + divisor - 1) / divisor * divisor
    let clipTokens =
      Double(Int(Double(height) * clip.resolutionScale) / clip.image.patchSize)
      * Double(Int(Double(width) * clip.resolutionScale) / clip.image.patchSize)
    let sideTokens = Double(height / side.patchSize) * Double(width / side.patchSize)
    let queries = Double(side.queries)
    let clipWidth = Double(clip.image.width)
    let sideWidth = Double(side.width)
    let channels = Double(decoder.channels)
    let heads = Double(decoder.biasHeads)

    clipExtractor =
      Double(clip.extractorLayers) * SANCost.block(tokens: 1 + clipTokens, width: clipWidth)
    recognitionHead =
      Double(clip.image.layers - clip.extractorLayers)
      * SANCost.block(tokens: queries + 1 + clipTokens, width: clipWidth)
      + queries * clipWidth * Double(clip.embedding)
    sideAdapter = Double(side.layers) * SANCost.block(tokens: queries + sideTokens, width: sideWidth)
    patchEmbeddings =
      clipTokens * clipWidth * 3 * SANCost.square(clip.image.patchSize)
      + sideTokens * sideWidth * 3 * SANCost.square(side.patchSize)
    fusion = Double(side.fusion.count) * clipTokens * clipWidth * sideWidth

    // All layers of an MLP but its last: the width of the side ViT, then channels.
    let hidden = sideWidth * channels + Double(decoder.mlpLayers - 2) * channels * channels
    let masks = hidden + channels * channels  // a token of query_mlp or pix_mlp
    let biases = hidden + channels * channels * heads  // a token of attn_mlp
    let products = queries * sideTokens * channels * (1 + heads)  // one mask and a bias a head
    maskDecoder = (queries + sideTokens) * masks + sideTokens * biases + products
  }

  /// The cost of encoding one prompt of `tokens`, start and end included.
  ///
  /// - Parameters:
  ///   - configuration: the model's sizes.
  ///   - tokens: as many as the text tower has positions where it is nil.
  public static func prompt(_ configuration: SANConfiguration, tokens: Int? = nil) -> Double {
    let text = configuration.clip.text
    let width = Double(text.width)
    return Double(text.layers) * block(tokens: Double(tokens ?? text.contextLength), width: width)
      + width * Double(configuration.clip.embedding)
  }

  /// A transformer block whose MLP is four times as wide: 4·C² for attention's linear layers and 8·C² for the MLP
  /// a token, and L²·C each for attention's weights and its sums.
  private static func block(tokens: Double, width: Double) -> Double {
    12 * width * width * tokens + 2 * tokens * tokens * width
  }

  private static func square(_ side: Int) -> Double { Double(side * side) }
}
