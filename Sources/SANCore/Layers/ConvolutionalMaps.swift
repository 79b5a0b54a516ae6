/// What a convolutional stem makes of an image: maps in rows, places × channels.
public struct ConvolutionalMaps: Sendable {
  /// The places of the maps of 8, 16 and 32 pixels each.
  public let eighth, sixteenth, thirtySecond: Grid
  /// The map of ``eighth``, `[2h·2w, c8]`.
  public let fine: Matrix
  /// At each place of ``sixteenth`` its own map and the four places of ``fine`` under it, side by side: `[h·w, c16 + 4·c8]`.
  public let near: Matrix
  /// At each place of ``thirtySecond`` its map and the head's: `[h/2·w/2, c32 + head]`.
  public let far: Matrix

  /// The maps of 8, 16 and 32 pixels a place, and the head's; `near` and `far` are from the workspace's present scope.
  init(grids: [Grid], maps: [Matrix], head: Matrix, workspace: Workspace) {
    let (eighth, sixteenth) = (grids[0], grids[1])
    (self.eighth, self.sixteenth, thirtySecond) = (eighth, sixteenth, grids[2])
    let (fine, middle, coarse) = (maps[0], maps[1], maps[2])
    self.fine = fine
    let near = workspace.matrix(sixteenth.count, middle.columns + 4 * fine.columns)
    workspace.pool.runRanges(sixteenth.height, grain: 2) { range, _ in
      for y in range {
        for x in 0..<sixteenth.width {
          let place = y * sixteenth.width + x
          var target = near.row(place)
          target.update(from: middle.row(place), count: middle.columns)
          target += middle.columns
          for dy in 0..<2 {  // two places side by side lie together
            target.update(
              from: fine.row((2 * y + dy) * eighth.width + 2 * x), count: 2 * fine.columns)
            target += 2 * fine.columns
          }
        }
      }
    }
    self.near = near
    let far = workspace.matrix(coarse.rows, coarse.columns + head.columns)
    far.columns(0..<coarse.columns).copy(from: coarse)
    far.columns(coarse.columns..<far.columns).copy(from: head)
    self.far = far
  }
}
