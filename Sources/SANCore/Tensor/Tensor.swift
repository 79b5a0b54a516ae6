/// A dense float32 array with a checked shape, stored row-major without gaps.
///
/// A tensor is immutable once made, so it can be shared between threads. Its memory is either its own or a part of
/// a file that is mapped into memory (see ``TensorStorage``); copying a tensor never copies its elements.
public struct Tensor: Sendable {
  /// The extents, outermost first. An empty shape is a scalar.
  public let shape: [Int]

  /// The number of elements: the product of ``shape``.
  public let count: Int

  private let storage: TensorStorage
  private let offset: Int

  /// A tensor over `storage`, whose first element is element `offset` of it.
  ///
  /// Precondition: `shape` has no negative extent and its elements lie within `storage`.
  public init(shape: [Int], storage: TensorStorage, offset: Int = 0) {
    let count = Tensor.elementCount(of: shape)
    precondition(count != nil && offset >= 0, "a shape has non-negative extents and a count that fits in Int")
    precondition(offset + count! <= storage.count, "a tensor lies within its storage")
    self.shape = shape
    self.count = count!
    self.storage = storage
    self.offset = offset
  }

  /// A shape without numbers: what a layer gets while its model's parameters are taken down. Reading it is a programming error.
  init(unloaded shape: [Int]) {
    let count = Tensor.elementCount(of: shape)
    precondition(count != nil, "a shape has non-negative extents and a count that fits in Int")
    self.init(shape: shape, storage: TensorStorage(unloaded: count!))
  }

  /// A tensor of its own memory, filled by `initialize`, which must write every element.
  public init(
    shape: [Int], initializingWith initialize: (UnsafeMutableBufferPointer<Float>) throws -> Void
  ) rethrows {
    let count = Tensor.elementCount(of: shape)
    precondition(count != nil, "a shape has non-negative extents and a count that fits in Int")
    let storage = TensorStorage(count: count!)
    try initialize(UnsafeMutableBufferPointer(start: storage.mutableBase, count: count!))
    self.init(shape: shape, storage: storage)
  }

  /// A tensor of `values` in row-major order. Precondition: their number is the product of `shape`.
  public init(shape: [Int], _ values: [Float]) {
    self.init(shape: shape) { buffer in
      precondition(buffer.count == values.count, "as many values as the shape has elements")
      _ = buffer.update(fromContentsOf: values)
    }
  }

  /// The product of `shape`, or nil where an extent is negative or the product does not fit in `Int`.
  public static func elementCount(of shape: [Int]) -> Int? {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if extent < 0 || overflow { return nil }
      count = product
    }
    return count
  }

  /// The element at `index` of the row-major order.
  public subscript(index: Int) -> Float {
    precondition(index >= 0 && index < count, "an element of the tensor")
    return withUnsafeBufferPointer { $0[index] }
  }

  /// The first element. Valid as long as this tensor, or another over the same storage, is alive: hold a local tensor
  /// with `withExtendedLifetime`, or use ``withUnsafeBufferPointer(_:)``.
  public var pointer: UnsafePointer<Float> { storage.base + offset }

  /// Calls `body` with all elements in row-major order.
  public func withUnsafeBufferPointer<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: pointer, count: count))
  }

  /// Whether no element is an infinity or NaN.
  package var isFinite: Bool { withUnsafeBufferPointer(\.areFinite) }

  /// Gives the memory of elements in a mapped file back to the system: for weights that were packed into a form of their
  /// own and are not read again. Elements elsewhere stay.
  package func discardFilePages() {
    guard let file = storage.owner as? MappedFile else { return }
    withUnsafeBufferPointer { file.discard(UnsafeRawBufferPointer($0)) }
  }

  /// All elements in row-major order, copied.
  public var values: [Float] { withUnsafeBufferPointer { Array($0) } }

  /// The same elements under another shape. Precondition: the number of elements stays.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(Tensor.elementCount(of: shape) == count, "a new shape has as many elements")
    return Tensor(shape: shape, storage: storage, offset: offset)
  }

  /// Entries `range` along the outermost extent, as a tensor over the same memory.
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(!shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows lie within")
    let inner = shape[0] == 0 ? 0 : count / shape[0]
    return Tensor(
      shape: [range.count] + shape.dropFirst(), storage: storage, offset: offset + range.lowerBound * inner)
  }

  /// The element of a tensor that has exactly one.
  public var scalar: Float {
    precondition(count == 1, "a scalar has one element")
    return pointer[0]
  }
}

/// The memory behind tensors: floats of its own, or floats inside memory that another object keeps alive.
public final class TensorStorage: @unchecked Sendable {
  /// The number of floats.
  public let count: Int
  fileprivate let mutableBase: UnsafeMutablePointer<Float>
  fileprivate let owner: AnyObject?

  /// Alignment of memory that is allocated here: one cache line, and the widest vector.
  private static let alignment = 64

  /// Uninitialised memory for `count` floats.
  fileprivate init(count: Int) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: TensorStorage.alignment)
    mutableBase = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    owner = nil
  }

  /// Read-only floats at `base` that `owner` keeps alive, such as a part of a mapped file.
  ///
  /// Precondition: `base` is aligned to four bytes.
  public init(base: UnsafePointer<Float>, count: Int, owner: AnyObject) {
    precondition(Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0, "floats are aligned")
    self.count = count
    mutableBase = UnsafeMutablePointer(mutating: base)
    self.owner = owner
  }

  /// Of `count` floats that are not there.
  fileprivate init(unloaded count: Int) {
    self.count = count
    // Within the first page, which no process may read.
    mutableBase = UnsafeMutablePointer(bitPattern: TensorStorage.alignment)!
    owner = Unloaded.instance
  }

  private final class Unloaded: Sendable { static let instance = Unloaded() }

  fileprivate var base: UnsafePointer<Float> {
    assert(!(owner is Unloaded), "the tensor has numbers")
    return UnsafePointer(mutableBase)
  }

  deinit {
    if owner == nil { UnsafeMutableRawPointer(mutableBase).deallocate() }
  }
}

extension UnsafeBufferPointer<Float> {
  /// Whether none is an infinity or NaN.
  var areFinite: Bool {
    // An exponent of all ones carries into the sign's place. No early exit: this is vector code.
    var carries: UInt32 = 0
    for value in self { carries |= (value.bitPattern & 0x7F80_0000) &+ 0x0080_0000 }
    return carries & 0x8000_0000 == 0
  }
}
