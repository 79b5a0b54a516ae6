import SANCore

/// A number that a NumPy file can hold, with NumPy's name for it.
public protocol NPYElement: BitwiseCopyable, Sendable {
  /// NumPy's type code, little-endian.
  static var npyType: String { get }
}

extension Float: NPYElement {
  /// Four bytes, IEEE 754.
  public static var npyType: String { "<f4" }
}

extension UInt16: NPYElement {
  /// Two bytes.
  public static var npyType: String { "<u2" }
}

/// Writes a NumPy `.npy` file (format version 1.0, C order) piece by piece, whole or not at all.
///
/// Pieces come in any order, so that a `[K, height, width]` array can be made in bands of rows and never
/// exists in memory.
public final class NPYWriter<Element: NPYElement> {
  /// The array's sizes, slowest first.
  public let shape: [Int]

  private let file: AtomicFile
  private let start: Int

  /// Opens the file and writes its header.
  ///
  /// - Parameters:
  ///   - path: the destination, which must be a file: see `OutputFileError.notSeekable`.
  ///   - shape: sizes of at least 1, slowest first.
  /// - Throws: `OutputFileError`.
  public init(_ path: String, shape: [Int]) throws(OutputFileError) {
    precondition(shape.allSatisfy { $0 > 0 }, "sizes start at 1")
    self.shape = shape
    file = try AtomicFile(path)
    let header = NPYHeader.bytes(type: Element.npyType, shape: shape)
    start = header.count
    try header.withUnsafeBufferPointer { (bytes) throws(OutputFileError) in
      try file.write(UnsafeRawBufferPointer(bytes), at: 0)
    }
  }

  /// Writes consecutive elements from the array's element number `index` on.
  ///
  /// - Throws: `OutputFileError` where the disk does not take them.
  public func write(_ elements: UnsafeBufferPointer<Element>, at index: Int) throws(OutputFileError) {
    precondition(
      index >= 0 && index + elements.count <= shape.reduce(1, *), "elements \(index)… lie in \(shape)")
    try file.write(UnsafeRawBufferPointer(elements), at: start + index * MemoryLayout<Element>.stride)
  }

  /// Writes consecutive elements from the array's element number `index` on.
  ///
  /// - Throws: `OutputFileError` where the disk does not take them.
  public func write(_ elements: [Element], at index: Int) throws(OutputFileError) {
    try elements.withUnsafeBufferPointer { (buffer) throws(OutputFileError) in try write(buffer, at: index) }
  }

  /// Writes the rows `rows` of every plane of a `[K, height, width]` array; `band` is
  /// `[K, rows.count, width]`.
  ///
  /// - Throws: `OutputFileError` where the disk does not take them.
  public func write(band: UnsafeBufferPointer<Element>, rows: Range<Int>) throws(OutputFileError) {
    precondition(shape.count == 3 && rows.lowerBound >= 0 && rows.upperBound <= shape[1], "rows of \(shape)")
    let count = rows.count * shape[2]
    precondition(band.count == shape[0] * count, "a band is [K, rows, width]")
    for k in 0..<shape[0] {
      let plane = UnsafeBufferPointer(rebasing: band[k * count..<(k + 1) * count])
      try write(plane, at: (k * shape[1] + rows.lowerBound) * shape[2])
    }
  }

  /// Makes the file appear at its destination. Call once, last; elements that were never written are 0.
  ///
  /// - Throws: `OutputFileError`; there is no file then.
  public func commit() throws(OutputFileError) {
    try file.commit()
  }
}
