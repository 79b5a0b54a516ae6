/// Where a tensor lies in a file. Whoever makes a record has checked it against the file.
struct TensorRecord: Sendable {
  let name: String
  let type: ElementType
  let shape: [Int]
  /// The product of ``shape``.
  let count: Int
  /// The position of the first element in the file, in bytes.
  let offset: Int
  /// Elements from one index to the next along each axis; nil where the elements are in row-major order.
  let strides: [Int]?

  /// The elements themselves, if they are floats in the right order at a fit address.
  func mapped(in file: MappedFile) -> Tensor? {
    guard type == .float32, strides == nil, offset % MemoryLayout<Float>.alignment == 0, count > 0,
      let base = file.bytes.baseAddress
    else { return nil }
    let floats = (base + offset).assumingMemoryBound(to: Float.self)
    return Tensor(shape: shape, storage: TensorStorage(base: floats, count: count, owner: file))
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
