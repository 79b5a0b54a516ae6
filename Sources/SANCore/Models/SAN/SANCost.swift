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
  /// Pixels to tokens, of both towers; a hybrid model's convolutions included.
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
    self.init(SANModel(configuration, ParameterScope(ParameterList())), imageSize: imageSize)
  }

  /// As ``init(_:imageSize:)``, of a model at hand.
  init(_ model: SANModel, imageSize: Grid) {
    let size = ImageNormalization.paddedSize(of: imageSize)
    let queries = Double(model.configuration.sideAdapter.queries)
    let clipPatches = Double(model.extractor.grid(of: size).count)
    clipExtractor = model.extractor.cost(of: size)
    recognitionHead = model.recognitionHead.cost(queries: queries, patches: clipPatches)
    sideAdapter = model.sideAdapter.cost(of: size)
    patchEmbeddings =
      (model.extractor.convolutions?.cost(of: size) ?? 0) + model.extractor.stem.cost(of: size)
      + model.sideAdapter.stem.cost(of: size)
    fusion = model.sideAdapter.fusion.values.reduce(0) { $0 + $1.projection.cost(rows: clipPatches) }
    maskDecoder = model.maskDecoder.cost(queries: queries, grid: model.sideAdapter.grid(of: size))
  }

  /// The cost of encoding one prompt of `tokens`, start and end included.
  ///
  /// - Parameters:
  ///   - configuration: the model's sizes.
  ///   - tokens: as many as the text tower has positions where it is nil.
  public static func prompt(_ configuration: SANConfiguration, tokens: Int? = nil) -> Double {
    let encoder = ClipTextEncoder(ParameterScope(ParameterList()), configuration)
    return encoder.cost(tokens: Double(tokens ?? configuration.clip.text.contextLength))
  }
}
