import SANCore
import SANInference
import Synchronization

/// The scores of all classes at all pixels of one photo as a file for NumPy, float32, `[K, height, width]`, whole or not at
/// all. They go to the file as they are made and are never in memory together.
public final class ScoresFile: ScoreSink {
  /// How the file is laid out.
  public enum Format: String, Sendable, CaseIterable {
    /// The array alone.
    case npy
    /// An archive of the array, `scores`, and the names of its classes, `classes`.
    case npz
  }

  private struct State {
    var writer: Writer
    /// What went wrong first.
    var error: OutputFileError?
  }

  private enum Writer {
    case npy(NPYWriter<Float>)
    case npz(NPZWriter)

    func write(_ scores: UnsafeBufferPointer<Float>, at index: Int) throws(OutputFileError) {
      switch self {
      case .npy(let writer): try writer.write(scores, at: index)
      case .npz(let writer): try writer.write(scores, at: index)
      }
    }
  }

  private let classCount: Int
  private let size: Grid
  private let state: Mutex<State>

  /// Opens the file.
  ///
  /// - Parameters:
  ///   - path: the destination, which must be a file: see `OutputFileError.notSeekable`.
  ///   - format: how it is laid out.
  ///   - classes: the classes' names, at least one.
  ///   - size: the photo's size in pixels.
  /// - Throws: `OutputFileError`.
  public init(_ path: String, format: Format, classes: [String], size: Grid) throws(OutputFileError) {
    (classCount, self.size) = (classes.count, size)
    let shape = [classes.count, size.height, size.width]
    switch format {
    case .npy: state = Mutex(State(writer: .npy(try NPYWriter<Float>(path, shape: shape))))
    case .npz:
      let writer = try NPZWriter(path)
      try writer.add("classes", strings: classes)
      try writer.add("scores", of: Float.self, shape: shape)
      state = Mutex(State(writer: .npz(writer)))
    }
  }

  /// Writes the scores of some of the photo's pixels in row-major order: the first rows of `band`, `[≥ K, pixels.count]`. Any
  /// thread may call it; what fails is thrown by ``check()``.
  public func take(_ band: Matrix, pixels: Range<Int>) {
    state.withLock { state in
      guard state.error == nil else { return }
      do throws(OutputFileError) {
        for k in 0..<classCount {
          let scores = UnsafeBufferPointer(start: band.row(k), count: pixels.count)
          try state.writer.write(scores, at: k * size.count + pixels.lowerBound)
        }
      } catch {
        state.error = error
      }
    }
  }

  /// Whether it is made for so many classes and this size.
  public func fits(classCount: Int, size: Grid) -> Bool { classCount == self.classCount && size == self.size }

  /// Throws what went wrong while scores were written, an `OutputFileError`.
  public func check() throws(OutputFileError) {
    if let error = state.withLock({ $0.error }) { throw error }
  }

  /// Makes the file appear at its destination. Call once, last.
  ///
  /// - Throws: `OutputFileError`, also what ``check()`` would; there is no file then.
  public func commit() throws(OutputFileError) {
    try check()
    try state.withLock { (state) throws(OutputFileError) in
      switch state.writer {
      case .npy(let writer): try writer.commit()
      case .npz(let writer): try writer.commit()
      }
    }
  }
}
