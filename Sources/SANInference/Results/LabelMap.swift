import SANCore

/// A class for each pixel.
public struct LabelMap: Sendable, Hashable {
  /// The photo's size.
  public let size: Grid
  /// Labels in row-major order: the class's index in the vocabulary, or ``other``.
  public let labels: [UInt16]

  /// The label of a pixel that is none of the user's classes.
  public static let other = UInt16.max

  /// A map of `labels`. Precondition: one a pixel.
  public init(size: Grid, labels: [UInt16]) {
    precondition(labels.count == size.count, "one label a pixel")
    (self.size, self.labels) = (size, labels)
  }

  /// The label at `row` and `column`.
  public subscript(row: Int, column: Int) -> UInt16 {
    precondition(row >= 0 && row < size.height && column >= 0 && column < size.width, "a pixel of the map")
    return labels[row * size.width + column]
  }
}
