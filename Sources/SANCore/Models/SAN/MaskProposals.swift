/// What the network proposes for one image, whatever the vocabulary.
public struct MaskProposals: Sendable {
  /// Mask logits `[Q, h, w]` on the side network's grid.
  public let logits: Tensor
  /// Mask embeddings `[Q, E]` of unit length.
  public let embeddings: Tensor
  /// Rows and columns of a mask.
  public let grid: Grid
  /// The padded image's size, in pixels.
  public let imageSize: Grid

  /// Proposals from their parts.
  public init(logits: Tensor, embeddings: Tensor, grid: Grid, imageSize: Grid) {
    precondition(logits.shape == [embeddings.shape[0], grid.height, grid.width], "one mask an embedding")
    (self.logits, self.embeddings, self.grid, self.imageSize) = (logits, embeddings, grid, imageSize)
  }
}
