import Synchronization

/// Learned positions of a grid of tokens, resized to the grid of the image at hand.
///
/// The resize is bicubic (a = −0.75, half-pixel centres, no antialiasing, edges clamped) and is done once for each grid:
/// the last few are kept.
public final class PositionalEmbedding: Sendable {
  /// The grid as stored.
  public let grid: Grid
  /// `[grid.count, C]`
  public let stored: Tensor

  private let resized = Mutex<[(grid: Grid, embedding: Tensor)]>([])
  private static let kept = 8

  /// Positions `stored`, `[grid.count, C]`.
  public init(_ stored: Tensor, grid: Grid) {
    precondition(stored.shape.count == 2 && stored.shape[0] == grid.count, "one position a cell")
    (self.stored, self.grid) = (stored, grid)
  }

  /// The positions for `target`, `[target.count, C]`.
  public func callAsFunction(_ target: Grid) -> Tensor {
    if target == grid { return stored }
    return resized.withLock { entries in
      if let index = entries.firstIndex(where: { $0.grid == target }) {
        let entry = entries.remove(at: index)
        entries.append(entry)
        return entry.embedding
      }
      let embedding = PositionalEmbedding.resize(stored, from: grid, to: target)
      if entries.count == PositionalEmbedding.kept { entries.removeFirst() }
      entries.append((target, embedding))
      return embedding
    }
  }

  /// Four source cells, clamped to the edges, and their weights.
  private struct Taps {
    let cells: [Int]
    let weights: [Float]

    /// The taps of output cell `index`, where `input` cells become `output`.
    init(_ index: Int, input: Int, output: Int) {
      let source = Float(-0.5).addingProduct(Float(input) / Float(output), Float(index) + 0.5)
      let base = source.rounded(.down)
      let t = source - base
      cells = (-1...2).map { min(max(Int(base) + $0, 0), input - 1) }
      weights = [Taps.far(t + 1), Taps.near(t), Taps.near(1 - t), Taps.far(2 - t)]
    }

    private static let a: Float = -0.75
    /// The cubic kernel within one cell of its centre.
    private static func near(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }
    /// The cubic kernel between one and two cells from its centre.
    private static func far(_ x: Float) -> Float { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
  }

  /// Resizes `tokens`, `[from.count, C]`, to `[to.count, C]`.
  package static func resize(_ tokens: Tensor, from: Grid, to: Grid) -> Tensor {
    let channels = tokens.shape[1]
    let rows = (0..<to.height).map { Taps($0, input: from.height, output: to.height) }
    let columns = (0..<to.width).map { Taps($0, input: from.width, output: to.width) }
    return Tensor(shape: [to.count, channels]) { out in
      var edge = [Float](repeating: 0, count: channels)
      for y in 0..<to.height {
        for x in 0..<to.width {
          let target = out.baseAddress! + (y * to.width + x) * channels
          target.update(repeating: 0, count: channels)
          for i in 0..<4 {
            edge.withUnsafeMutableBufferPointer { edge in
              edge.update(repeating: 0)
              for j in 0..<4 {
                let cell = rows[y].cells[i] * from.width + columns[x].cells[j]
                VectorMath.addScaled(
                  edge.baseAddress!, tokens.pointer + cell * channels, channels, by: columns[x].weights[j])
              }
              VectorMath.addScaled(target, edge.baseAddress!, channels, by: rows[y].weights[i])
            }
          }
        }
      }
    }
  }
}
