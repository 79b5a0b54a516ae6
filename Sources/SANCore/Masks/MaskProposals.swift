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
  /// CLIP's place tokens, where the model uses them.
  public let places: Places?

  /// What CLIP's place tokens say of an image, whatever the vocabulary.
  public struct Places: Sendable {
    /// Rows and columns of places.
    public let grid: Grid
    /// Their embeddings in the joint space, `[h·w, E]`, of unit length.
    public let embeddings: Tensor
    /// The share of each place in each mask, `[Q, h·w]`: the mask's mean there, over the sum of all.
    public let shares: Tensor

    /// Places of `embeddings` on `grid`, and their shares in masks of `logits`, `[Q, cells]`, on `maskGrid`.
    init(_ embeddings: Tensor, grid: Grid, masks logits: Matrix, maskGrid: Grid) {
      (self.embeddings, self.grid) = (embeddings, grid)
      shares = Tensor(shape: [logits.rows, grid.count]) { out in
        var mask = [Float](repeating: 0, count: logits.columns)
        for query in 0..<logits.rows {
          mask.withUnsafeMutableBufferPointer { mask in
            mask.baseAddress!.update(from: logits.row(query), count: logits.columns)
            VectorMath.sigmoid(mask.baseAddress!, mask.count)
          }
          let row = out.baseAddress! + query * grid.count
          var sum: Float = 1e-6
          for y in 0..<grid.height {
            let rows = AdaptivePooling.window(y, maskGrid.height, grid.height)
            for x in 0..<grid.width {
              let columns = AdaptivePooling.window(x, maskGrid.width, grid.width)
              var total: Float = 0
              for cellRow in rows {
                for column in columns { total += mask[cellRow * maskGrid.width + column] }
              }
              row[y * grid.width + x] = total / Float(rows.count * columns.count)
              sum += row[y * grid.width + x]
            }
          }
          VectorMath.scale(row, grid.count, by: 1 / sum)
        }
      }
    }
  }

  /// Proposals from their parts.
  public init(
    logits: Tensor, embeddings: Tensor, grid: Grid, imageSize: Grid, places: Places? = nil
  ) {
    precondition(logits.shape == [embeddings.shape[0], grid.height, grid.width], "one mask an embedding")
    (self.logits, self.embeddings, self.grid, self.imageSize) = (logits, embeddings, grid, imageSize)
    self.places = places
  }
}
