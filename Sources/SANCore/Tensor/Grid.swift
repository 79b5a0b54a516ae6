/// Rows and columns of an image, a token map or a mask.
public struct Grid: Sendable, Hashable {
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// `height` rows of `width` columns.
  public init(height: Int, width: Int) {
    (self.height, self.width) = (height, width)
  }

  /// Cells in all.
  public var count: Int { height * width }
}

/// A normalised image, channels first: three planes of `size`.
public struct PlanarImage: @unchecked Sendable {
  /// `[3, height·width]`
  public let planes: Matrix
  /// Rows and columns of a plane.
  public let size: Grid

  /// A view of `planes`, `[3, size.count]`, which the caller keeps alive.
  public init(planes: Matrix, size: Grid) {
    precondition(planes.rows == 3 && planes.columns == size.count, "three planes of the size")
    (self.planes, self.size) = (planes, size)
  }
}
