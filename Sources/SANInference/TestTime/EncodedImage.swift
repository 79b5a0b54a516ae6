import SANCore

/// What a vocabulary-independent run has found in an image: ask it for any number of vocabularies.
///
/// It keeps mask proposals alone, on their coarse grid: with a window about `4·Q / patch²` bytes for each pixel of the
/// resized photo, 1.6 for SAN ViT-B/16, and as much again for what windows share.
public struct EncodedImage: Sendable {
  /// One run of the network: a view of the photo, or a window of one.
  public struct View: Sendable {
    /// Mask proposals and their embeddings.
    public let proposals: MaskProposals
    /// The size to which the photo was resized, before it was cut and padded.
    public let resized: Grid
    /// Whether the resized photo was mirrored, left and right exchanged.
    public let isMirrored: Bool
    /// The rows of it that the network saw.
    public let rows: Range<Int>
    /// The columns of it, after mirroring, that the network saw.
    public let columns: Range<Int>
    /// Its part in the photo's rows, and in its columns, which count from the right where it is mirrored.
    let rowShare, columnShare: WindowAxis.Share
    /// What both are multiplied by, so that the weights of all views sum to 1 at every pixel.
    let weight: Float
  }

  /// The views, by scale; mirrored ones after those that are not; windows row by row. One, unless options asked for more.
  public let views: [View]
  /// The photo's size, in pixels.
  public let size: Grid
  /// The part of the photo that its file does not hold, whose pixels are ``LabelMap/other`` for every vocabulary.
  public let missing: MissingPixels?
  /// The time that each stage took, all views together.
  public let timings: Timings
  /// Of the model that encoded it.
  let fingerprint: ModelFingerprint

  /// Mask proposals of the first view, which is the whole photo unless there are windows.
  public var proposals: MaskProposals { views[0].proposals }
  /// The size to which the photo was resized for the first view, before padding.
  public var resized: Grid { views[0].resized }
}
