/// The sizes of one SAN model: everything that tensor shapes alone do not tell (numbers of heads, the fusion map,
/// where CLIP is cut) and everything that follows from them.
///
/// Stored beside or inside a model file as `config.json`; see ``SANConfiguration/init(json:file:)``.
public struct SANConfiguration: Sendable, Hashable {
  /// CLIP's image and text towers.
  public struct CLIP: Sendable, Hashable {
    /// The image tower, a ViT.
    public struct Image: Sendable, Hashable {
      /// Channels of a token.
      public var width: Int
      /// Transformer blocks in all: extractor and recognition head.
      public var layers: Int
      /// Attention heads of a block.
      public var heads: Int
      /// Side of a square patch, in pixels.
      public var patchSize: Int
      /// The positional embedding as stored.
      public var grid: Grid
    }

    /// The text tower, a causal transformer.
    public struct Text: Sendable, Hashable {
      /// Channels of a token.
      public var width: Int
      /// Transformer blocks.
      public var layers: Int
      /// Attention heads of a block.
      public var heads: Int
      /// The longest prompt in tokens, start and end included.
      public var contextLength: Int
      /// Rows of the token embedding.
      public var vocabularySize: Int
    }

    /// The image tower.
    public var image: Image
    /// The text tower.
    public var text: Text
    /// Channels of the joint embedding of image and text.
    public var embedding: Int
    /// CLIP's input size as a factor of the padded image's.
    public var resolutionScale: Double
    /// Blocks of the image tower before the recognition head.
    public var extractorLayers: Int
  }

  /// The side ViT and its fusion with CLIP.
  public struct SideAdapter: Sendable, Hashable {
    /// Channels of a token.
    public var width: Int
    /// Transformer blocks.
    public var layers: Int
    /// Attention heads of a block.
    public var heads: Int
    /// Side of a square patch, in pixels.
    public var patchSize: Int
    /// The positional embedding as stored.
    public var grid: Grid
    /// Where CLIP's features are fused.
    public var fusion: [Fusion]
    /// Query tokens: one a mask proposal.
    public var queries: Int
  }

  /// A place where the side ViT borrows CLIP's features.
  public struct Fusion: Sendable, Hashable, CustomStringConvertible {
    /// The layer of CLIP whose features are taken: 0 is after `ln_pre`, n after block n.
    public var clipLayer: Int
    /// The block of the side ViT that they go in after: 0 is before the first.
    public var sideBlock: Int

    /// From `clipLayer` to `sideBlock`.
    public init(clipLayer: Int, sideBlock: Int) { (self.clipLayer, self.sideBlock) = (clipLayer, sideBlock) }

    /// The pair as a configuration file has it.
    public var description: String { "[\(clipLayer), \(sideBlock)]" }
  }

  /// The branches that turn side tokens into masks and attention biases.
  public struct MaskDecoder: Sendable, Hashable {
    /// Channels of the embedding in which queries meet pixels.
    public var channels: Int
    /// Layers of each MLP.
    public var mlpLayers: Int
    /// Heads of the attention bias: as many as CLIP's image tower has.
    public var biasHeads: Int
  }

  /// How a photo is prepared.
  public struct Input: Sendable, Hashable {
    /// Length in pixels to which the short side of a photo is resized by default.
    public var shortSide: Int
  }

  /// What kind of network this is: ``san``, the only one so far.
  public var architecture = SANConfiguration.san
  /// A short name such as `san-vit-b-16`.
  public var name: String
  /// CLIP's towers.
  public var clip: CLIP
  /// The side ViT.
  public var sideAdapter: SideAdapter
  /// The mask and attention-bias branches.
  public var maskDecoder: MaskDecoder
  /// Input size.
  public var input: Input

  /// The ``architecture`` of the paper, and of files that name none.
  public static let san = "san"

  /// Padded images are multiples of this many pixels.
  public static let sizeDivisor = 32
}
