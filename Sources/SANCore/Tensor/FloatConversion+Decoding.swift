/// Many numbers at a time. Halves in order are a kernel's work, since a model of half precision is converted as it is loaded.
extension FloatConversion {
  /// Decodes `target.count` numbers of `type` from `source`, which may have any alignment.
  ///
  /// Precondition: `type.isReadable`, and `source` holds as many numbers.
  package static func decode(
    _ source: UnsafeRawPointer, as type: ElementType, into target: UnsafeMutableBufferPointer<Float>
  ) {
    gather(source, as: type, shape: [target.count], strides: [1], into: target)
  }

  /// Decodes a tensor of `type` whose elements lie apart into row-major order.
  ///
  /// Precondition: as for ``decode(_:as:into:)``; `strides` count elements and lead nowhere outside of
  /// `source`.
  package static func gather(
    _ source: UnsafeRawPointer, as type: ElementType, shape: [Int], strides: [Int],
    into target: UnsafeMutableBufferPointer<Float>
  ) {
    switch type {
    case .float64:
      map(source, shape, strides, target) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
    case .float32: map(source, shape, strides, target) { (bits: UInt32) in Float(bitPattern: bits) }
    case .float16:
      map(source, shape, strides, target, inOrder: KernelSet.current.table.pointee.widen_halves) {
        (bits: UInt16) in single(half: bits)
      }
    case .bfloat16: map(source, shape, strides, target) { (bits: UInt16) in single(bfloat16: bits) }
    default: preconditionFailure("only floating-point tensors are read")
    }
  }

  /// Whether none of `count` numbers of `type` at `source`, which may have any alignment, is an infinity or NaN.
  static func areFinite(_ source: UnsafeRawPointer, as type: ElementType, count: Int) -> Bool {
    switch type {
    case .float64: areFinite(source, count, exponent: 0x7FF0_0000_0000_0000 as UInt64)
    case .float32: areFinite(source, count, exponent: 0x7F80_0000 as UInt32)
    case .float16: areFinite(source, count, exponent: 0x7C00 as UInt16)
    case .bfloat16: areFinite(source, count, exponent: 0x7F80 as UInt16)
    default: preconditionFailure("only floating-point tensors are read")
    }
  }

  /// An exponent of all ones carries into the sign's place. No early exit: this is vector code.
  @inline(__always)
  private static func areFinite<Bits: FixedWidthInteger & UnsignedInteger>(
    _ source: UnsafeRawPointer, _ count: Int, exponent: Bits
  ) -> Bool {
    let lowest = exponent & (0 &- exponent)
    var carries: Bits = 0
    for index in 0..<count {
      let bits = source.loadUnaligned(fromByteOffset: index &* MemoryLayout<Bits>.size, as: Bits.self)
      carries |= (bits & exponent) &+ lowest
    }
    return carries & (exponent &+ lowest) == 0
  }

  @inline(__always)
  private static func map<Stored: BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ shape: [Int], _ strides: [Int], _ target: UnsafeMutableBufferPointer<Float>,
    inOrder: (@convention(c) (UnsafeRawPointer, Int, UnsafeMutablePointer<Float>) -> Void)? = nil,
    _ convert: (Stored) -> Float
  ) {
    let size = MemoryLayout<Stored>.size
    let columns = shape.last ?? 1
    let step = (strides.last ?? 1) * size
    guard var output = target.baseAddress, !target.isEmpty else { return }
    var index = [Int](repeating: 0, count: max(shape.count - 1, 0))
    for _ in 0..<target.count / columns {
      let row = source + zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 } * size
      if step == size, let inOrder {
        inOrder(row, columns, output)
      } else if step == size {  // its own loop, so that it becomes vector code
        for i in 0..<columns {
          output[i] = convert(row.loadUnaligned(fromByteOffset: i &* size, as: Stored.self))
        }
      } else {
        for i in 0..<columns {
          output[i] = convert(row.loadUnaligned(fromByteOffset: i &* step, as: Stored.self))
        }
      }
      output += columns
      for axis in index.indices.reversed() {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
  }
}
