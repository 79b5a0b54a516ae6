import SANCore
import SANInference

/// The best score of a question's classes at each pixel, as a byte: a hundred times the score, at most 255.
final class WinningScores: ScoreSink, @unchecked Sendable {
  // Unchecked: bands are of different pixels, so that no two threads write to the same byte, and the bytes are read after all
  // bands are taken.
  private let classCount: Int
  private let size: Grid
  private let values: UnsafeMutableBufferPointer<UInt8>

  /// Scores for so many classes and a photo of this size.
  init(classCount: Int, size: Grid) {
    (self.classCount, self.size) = (classCount, size)
    values = .allocate(capacity: size.count)
    values.initialize(repeating: 0)
  }

  deinit { values.deallocate() }

  func fits(classCount: Int, size: Grid) -> Bool { classCount == self.classCount && size == self.size }

  func take(_ band: Matrix, pixels: Range<Int>) {
    let target = values.baseAddress! + pixels.lowerBound
    // As many pixels at a time as stay in a core's cache.
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 1024) { best in
      for start in stride(from: 0, to: pixels.count, by: best.count) {
        let count = min(best.count, pixels.count - start)
        for index in 0..<count { best[index] = 0 }
        for label in 0..<classCount {
          let row = band.row(label) + start
          for index in 0..<count { best[index] = max(best[index], row[index]) }
        }
        for index in 0..<count { target[start + index] = UInt8(min(best[index] * 100 + 0.5, 255)) }
      }
    }
  }

  func check() throws {}

  /// `[height, width]`, once the run is over.
  var bytes: [UInt8] { Array(values) }
}
