/// A view of row-major floats as `rows × columns`, each row `stride` elements after the one before.
///
/// Activations are matrices in a ``Workspace``: a row is a token, a column a channel. A matrix does not own its memory
/// and is valid only within the workspace scope that it was taken in.
public struct Matrix: @unchecked Sendable {
  /// The first element of the first row.
  public let pointer: UnsafeMutablePointer<Float>
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// Elements from the start of one row to the start of the next; at least ``columns``.
  public let stride: Int

  /// A view of memory that the caller keeps alive. `stride` is `columns` where it is not given.
  public init(_ pointer: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
    self.pointer = pointer
    self.rows = rows
    self.columns = columns
    self.stride = stride ?? columns
    precondition(rows >= 0 && columns >= 0 && self.stride >= columns, "rows do not overlap")
  }

  /// The first element of row `index`.
  @inline(__always)
  public func row(_ index: Int) -> UnsafeMutablePointer<Float> {
    assert(index >= 0 && index < max(rows, 1))
    return pointer + index * stride
  }

  /// The rows of `range` as a view.
  public func rows(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows lie within the matrix")
    return Matrix(pointer + range.lowerBound * stride, rows: range.count, columns: columns, stride: stride)
  }

  /// The columns of `range` as a view.
  public func columns(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns lie within the matrix")
    return Matrix(pointer + range.lowerBound, rows: rows, columns: range.count, stride: stride)
  }

  /// The same elements as `rows × columns`. Precondition: no gaps between rows, and as many elements.
  public func reshaped(rows: Int, columns: Int) -> Matrix {
    precondition(stride == self.columns && rows * columns == self.rows * self.columns, "elements stay")
    return Matrix(pointer, rows: rows, columns: columns)
  }

  /// Copies `source`, of the same size, into this matrix.
  public func copy(from source: some ReadableMatrix) {
    let source = source.readOnly
    precondition(source.rows == rows && source.columns == columns, "sizes agree")
    for index in 0..<rows { row(index).update(from: source.row(index), count: columns) }
  }

  /// A tensor of its own memory with these elements, under `shape` where it is given.
  public func tensor(shape: [Int]? = nil) -> Tensor {
    Tensor(shape: shape ?? [rows, columns]) { buffer in
      precondition(buffer.count == rows * columns, "the shape has as many elements")
      guard let base = buffer.baseAddress else { return }
      for index in 0..<rows { (base + index * columns).update(from: row(index), count: columns) }
    }
  }
}

/// What can be read as a matrix: the inputs of products, norms and attention.
public protocol ReadableMatrix: Sendable {
  /// The same elements, which cannot be written through it.
  var readOnly: ConstMatrix { get }
}

extension Matrix: ReadableMatrix {
  /// The same elements, which cannot be written through it.
  public var readOnly: ConstMatrix { ConstMatrix(pointer, rows: rows, columns: columns, stride: stride) }
}

/// A ``Matrix`` that is only read: its memory may be a weight's, a mapped file.
public struct ConstMatrix: @unchecked Sendable, ReadableMatrix {
  /// The first element of the first row.
  public let pointer: UnsafePointer<Float>
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// Elements from the start of one row to the start of the next; at least ``columns``.
  public let stride: Int

  /// A view of memory that the caller keeps alive. `stride` is `columns` where it is not given.
  public init(_ pointer: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
    self.pointer = pointer
    self.rows = rows
    self.columns = columns
    self.stride = stride ?? columns
    precondition(rows >= 0 && columns >= 0 && self.stride >= columns, "rows do not overlap")
  }

  /// Itself.
  public var readOnly: ConstMatrix { self }

  /// The first element of row `index`.
  @inline(__always)
  public func row(_ index: Int) -> UnsafePointer<Float> {
    assert(index >= 0 && index < max(rows, 1))
    return pointer + index * stride
  }

  /// The rows of `range` as a view.
  public func rows(_ range: Range<Int>) -> ConstMatrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows lie within the matrix")
    return ConstMatrix(
      pointer + range.lowerBound * stride, rows: range.count, columns: columns, stride: stride)
  }

  /// The columns of `range` as a view.
  public func columns(_ range: Range<Int>) -> ConstMatrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns lie within the matrix")
    return ConstMatrix(pointer + range.lowerBound, rows: rows, columns: range.count, stride: stride)
  }
}

extension Tensor {
  /// A tensor as a matrix of `shape[0]` rows (1 for a vector or scalar), valid as long as the tensor is alive.
  package var matrix: ConstMatrix {
    let rows = shape.count >= 2 ? shape[0] : 1
    return ConstMatrix(pointer, rows: rows, columns: rows == 0 ? 0 : count / rows)
  }
}
