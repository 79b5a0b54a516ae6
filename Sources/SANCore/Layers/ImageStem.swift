/// The first layer of an image tower: what makes its tokens of the image.
///
/// ``PatchEmbedding`` is the one of the released models; those of hybrid models, ``PlaceEmbedding`` and ``NearEmbedding``, read
/// the maps of a convolutional network instead of pixels. A tower knows its stem by this alone.
public protocol ImageStem: Sendable {
  /// The grid of tokens of a padded image of `size`, in pixels.
  func grid(of size: Grid) -> Grid

  /// Writes one token a cell to `tokens`, `[h·w, C]`, in row-major order of the grid. `maps` are those of `image`, where the
  /// model has a convolutional network.
  func callAsFunction(
    _ image: PlanarImage, maps: ConvolutionalMaps?, into tokens: Matrix, workspace: Workspace)

  /// Multiply-adds for a padded image of `size`, in pixels.
  func cost(of size: Grid) -> Double
}
