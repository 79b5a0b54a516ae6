import SANCore

/// Takes the scores of all classes at all pixels of one photo as a segmenter makes them, so that they need not be in memory
/// together. `ScoresFile` of `SANExport` writes them for NumPy.
public protocol ScoreSink: AnyObject, Sendable {
  /// Whether it was made for so many classes and for a photo of this size.
  func fits(classCount: Int, size: Grid) -> Bool

  /// Takes the scores of the pixels `columns` of row `row`: the first rows of `strip`, `[≥ K, columns.count]`, valid during
  /// the call. Any thread may call it; what fails is thrown by ``check()``.
  func take(_ strip: Matrix, row: Int, columns: Range<Int>)

  /// Throws what went wrong while scores were taken.
  func check() throws
}
