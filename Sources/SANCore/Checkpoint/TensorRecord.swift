/// Where a tensor lies in a file. Whoever makes a record has checked it against the file.
struct TensorRecord: Sendable {
  private(set) var name: String
  /// The name in the file, where another program's differs.
  let storedName: String
  let type: ElementType
  private(set) var shape: [Int]
  /// The shape in the file.
  let storedShape: [Int]
  /// The product of ``shape``.
  let count: Int
  /// The position of the first element in the file, in bytes.
  let offset: Int
  /// Elements from one index to the next along each axis; nil where the elements are in row-major order.
  private(set) var strides: [Int]?

  init(name: String, type: ElementType, shape: [Int], count: Int, offset: Int, strides: [Int]?) {
    (self.name, storedName) = (name, name)
    (self.shape, storedShape) = (shape, shape)
    (self.type, self.count, self.offset, self.strides) = (type, count, offset, strides)
  }

  /// The tensor by another name, its axes as `layout` tells; as they are where the shape has no such layout.
  func renamed(_ name: String, _ layout: TensorNaming.Layout) -> TensorRecord {
    var record = self
    record.name = name
    switch layout {
    case .leadingOnes(let count) where shape.count >= count && shape.prefix(count).allSatisfy { $0 == 1 }:
      record.shape.removeFirst(count)
      record.strides?.removeFirst(count)
    case .transposed where shape.count == 2:
      record.shape = shape.reversed()
      record.strides = (strides ?? [shape[1], 1]).reversed()
    default: break
    }
    return record
  }

  /// The elements themselves, if they are floats in the right order at a fit address.
  func mapped(in file: MappedFile) -> Tensor? {
    guard type == .float32, strides == nil, offset % MemoryLayout<Float>.alignment == 0, count > 0,
      let base = file.bytes.baseAddress
    else { return nil }
    let floats = (base + offset).assumingMemoryBound(to: Float.self)
    return Tensor(shape: shape, storage: TensorStorage(base: floats, count: count, owner: file))
  }

  /// The elements in the type that they are stored in, if they lie in order. Of two bytes at most: wider ones are rounded when
  /// they are read. `scales` are those of 8-bit integers.
  func weight(in file: MappedFile, scales: Tensor? = nil) -> Weight? {
    if let scales, type == .int8, strides == nil, count > 0, let base = file.bytes.baseAddress {
      return Weight(integers: base + offset, scales: scales, shape: shape, owner: file)
    }
    guard type.isReadable, type.byteCount <= 2, strides == nil, count > 0, let base = file.bytes.baseAddress
    else { return nil }
    return Weight(bytes: base + offset, type: type, shape: shape, owner: file)
  }

  /// Decodes the elements in `range` of the row-major order; a strided tensor only as a whole.
  func decode(_ range: Range<Int>, of file: MappedFile, into target: UnsafeMutableBufferPointer<Float>) {
    guard !range.isEmpty, let base = file.bytes.baseAddress else { return }
    if let strides {
      FloatConversion.gather(base + offset, as: type, shape: shape, strides: strides, into: target)
    } else {
      FloatConversion.decode(base + offset + range.lowerBound * type.byteCount, as: type, into: target)
    }
  }
}
