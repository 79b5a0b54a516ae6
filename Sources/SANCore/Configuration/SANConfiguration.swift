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
      /// What makes tokens of the image: patches where it is nil.
      public var stem: Stem?
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

  /// A convolutional network in the place of the patch embeddings: a hybrid model's.
  public struct Stem: Sendable, Hashable {
    /// Blocks of one kind.
    public struct Stage: Sendable, Hashable {
      /// Channels within a block as a multiple of those that go in.
      public var expansion: Int
      /// Side of the depthwise kernel.
      public var kernel: Int
      /// Stride of the first block; the others have 1.
      public var stride: Int
      /// Channels that come out.
      public var channels: Int
      /// Blocks in all.
      public var repeats: Int

      /// Blocks of these sizes.
      public init(expansion: Int, kernel: Int, stride: Int, channels: Int, repeats: Int) {
        (self.expansion, self.kernel, self.stride) = (expansion, kernel, stride)
        (self.channels, self.repeats) = (channels, repeats)
      }
    }

    /// The kind of network.
    public var kind: String
    /// Channels of the first convolution.
    public var channels: Int
    /// The blocks, whose strides multiply to 16.
    public var blocks: [Stage]
    /// Channels of the head convolution.
    public var head: Int
    /// Hidden width of the MLP that makes CLIP's tokens.
    public var hidden: Int

    /// A stem of these sizes.
    public init(
      kind: String = Stem.efficientNetLite, channels: Int, blocks: [Stage], head: Int, hidden: Int
    ) {
      (self.kind, self.channels, self.blocks) = (kind, channels, blocks)
      (self.head, self.hidden) = (head, hidden)
    }

    /// The ``kind`` of EfficientNet-Lite, the only one so far.
    public static let efficientNetLite = "efficientnet-lite"
  }

  /// How much of a pixel's scores masks and CLIP's own place tokens have.
  public struct Dense: Sendable, Hashable {
    /// Of the class that CLIP's recognition token gives a mask.
    public var mask: Double
    /// Of the classes that place tokens have within a mask.
    public var maskMean: Double
    /// Of the classes that place tokens have at the pixel.
    public var places: Double

    /// These shares, none of them negative.
    public init(mask: Double, maskMean: Double, places: Double) {
      (self.mask, self.maskMean, self.places) = (mask, maskMean, places)
    }

    /// Masks alone, as in the paper.
    public static let none = Dense(mask: 1, maskMean: 0, places: 0)

    /// Whether place tokens have a part.
    public var usesPlaces: Bool { maskMean > 0 || places > 0 }
  }

  /// The branches that turn side tokens into masks and attention biases.
  public struct MaskDecoder: Sendable, Hashable {
    /// Channels of the embedding in which queries meet pixels.
    public var channels: Int
    /// Layers of each MLP.
    public var mlpLayers: Int
    /// Heads of the attention bias: as many as CLIP's image tower has.
    public var biasHeads: Int
    /// Pixels from one cell of a mask to the next: the side adapter's patch size, or half of it.
    public var stride: Int
  }

  /// How a photo is prepared.
  public struct Input: Sendable, Hashable {
    /// Length in pixels to which the short side of a photo is resized by default.
    public var shortSide: Int
    /// What is taken off red, green and blue, of values in 0…255.
    public var mean = Input.clipMean
    /// What they are divided by then.
    public var deviation = Input.clipDeviation

    /// CLIP's channel means, of values in 0…255.
    public static let clipMean: [Double] = [0.48145466 * 255, 0.4578275 * 255, 0.40821073 * 255]
    /// CLIP's channel standard deviations, of values in 0…255.
    public static let clipDeviation: [Double] = [0.26862954 * 255, 0.26130258 * 255, 0.27577711 * 255]
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
  /// How masks and places share in a pixel's scores.
  public var dense = Dense.none
  /// Input size and normalisation.
  public var input: Input
  /// Layers that stay in single precision whatever the ``Precision``: names of parameters, or their beginnings up to a dot. Of the
  /// ``sensitiveLayers`` bfloat16 leaves CLIP's last blocks out; see ``isFloat32(_:in:)``.
  public var float32Layers = SANConfiguration.sensitiveLayers

  /// The ``architecture`` of the paper, and of files that name none.
  public static let san = "san"

  /// Padded images are multiples of this many pixels.
  public static let sizeDivisor = 32
}
