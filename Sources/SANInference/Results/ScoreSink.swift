import SANCore

/// Takes the scores of all classes at all pixels of one photo as a segmenter makes them, so that they need not be in memory
/// together. `ScoresFile` of `SANExport` writes them for NumPy.
public protocol ScoreSink: AnyObject, Sendable {
  /// Whether it was made for so many classes and for a photo of this size.
  func fits(classCount: Int, size: Grid) -> Bool

  /// Takes the scores of some of the photo's pixels in row-major order: the first rows of `band`, `[≥ K, pixels.count]`,
  /// valid during the call. Any thread may call it; what fails is thrown by ``check()``.
  ///
  /// The pixels are whole rows of the photo, unless so many classes are scored that these would take too much memory.
  func take(_ band: Matrix, pixels: Range<Int>)

  /// Throws what went wrong while scores were taken. Called between bands as well, to end the run early.
  func check() throws
}
