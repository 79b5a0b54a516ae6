import SANCore

extension SemanticScores {
  /// All scores, `[K, height, width]`.
  public func tensor(workspace: Workspace) throws -> Tensor {
    try Tensor(shape: [classes, size.height, size.width]) { out in
      nonisolated(unsafe) let base = out.baseAddress!
      try forEachBand(workspace: workspace) { scores, pixels in
        for index in 0..<classes {
          (base + index * size.count + pixels.lowerBound)
            .update(from: scores.row(index), count: pixels.count)
        }
      }
    }
  }
}
