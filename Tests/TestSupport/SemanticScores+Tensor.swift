import SANCore

extension SemanticScores {
  /// All scores, `[K, height, width]`.
  public func tensor(workspace: Workspace) -> Tensor {
    Tensor(shape: [classes, size.height, size.width]) { out in
      nonisolated(unsafe) let base = out.baseAddress!
      forEachStrip(workspace: workspace) { row, columns, scores in
        for index in 0..<classes {
          (base + index * size.count + row * size.width + columns.lowerBound)
            .update(from: scores.row(index), count: columns.count)
        }
      }
    }
  }
}
