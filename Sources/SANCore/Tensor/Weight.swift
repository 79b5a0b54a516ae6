import CVectorKernels

/// The matrix of a linear map as a model file holds it: numbers of some type, `[outputs, inputs]`, row after row, or, where it
/// is transposed, `[inputs, outputs]`.
///
/// It stands between the file and the kernels: numbers keep the file's type until a kernel packs them into a layout of its
/// own, so a half-precision model takes half the memory until then, and a part that never runs takes none.
public struct Weight: Sendable {
  /// Rows of the map y = x·Wᵀ: channels that come out.
  public let outputs: Int
  /// Columns: channels that go in.
  public let inputs: Int
  /// How the numbers are stored.
  public let type: ElementType
  /// Whether the numbers lie as `[inputs, outputs]`.
  public let isTransposed: Bool
  /// In what a layer of this weight computes; ``Precision/float32`` unless it is set. How the numbers are stored says nothing
  /// of that.
  public var precision = Precision.float32
  private let numbers: Numbers

  fileprivate enum Numbers {
    /// Single precision.
    case floats(Tensor)
    /// Another type, at any alignment, in memory that the owner keeps alive.
    case bytes(UnsafeRawPointer, owner: AnyObject)
    /// 8-bit integers, each stored row's as multiples of a scale of its own.
    case integers(UnsafePointer<Int8>, scales: Tensor, owner: AnyObject)
  }

  private init(_ numbers: Numbers, _ type: ElementType, outputs: Int, inputs: Int, isTransposed: Bool) {
    (self.numbers, self.type, self.isTransposed) = (numbers, type, isTransposed)
    (self.outputs, self.inputs) = (outputs, inputs)
  }

  /// A matrix of single precision. The trailing extents of `[outputs, inputs…]`, such as those of a convolution, are taken as
  /// one.
  public init(_ tensor: Tensor) {
    let outputs = tensor.shape.first ?? 1
    self.init(
      .floats(tensor), .float32, outputs: outputs, inputs: outputs == 0 ? 0 : tensor.count / outputs,
      isTransposed: false)
  }

  /// The matrix of `shape`, `[outputs, inputs…]`, whose numbers of `type` are at `bytes` and kept alive by `owner`.
  ///
  /// Precondition: the type is a floating-point one; see ``ElementType/isReadable``.
  package init(bytes: UnsafeRawPointer, type: ElementType, shape: [Int], owner: AnyObject) {
    precondition(type.isReadable, "weights are floating-point numbers")
    let outputs = shape.first ?? 1
    let count = shape.reduce(1, *)
    self.init(
      .bytes(bytes, owner: owner), type, outputs: outputs, inputs: outputs == 0 ? 0 : count / outputs,
      isTransposed: false)
  }

  /// The matrix of `shape`, `[outputs, inputs…]`, whose numbers are the 8-bit integers at `bytes`, kept alive by `owner`, times
  /// `scales`: one for each output.
  package init(integers bytes: UnsafeRawPointer, scales: Tensor, shape: [Int], owner: AnyObject) {
    let outputs = shape.first ?? 1
    let count = shape.reduce(1, *)
    precondition(scales.count == outputs, "one scale an output")
    self.init(
      .integers(bytes.assumingMemoryBound(to: Int8.self), scales: scales, owner: owner), .int8,
      outputs: outputs, inputs: outputs == 0 ? 0 : count / outputs, isTransposed: false)
  }

  /// The number of elements.
  public var count: Int { outputs * inputs }

  /// The same numbers as the map's transpose: of what is stored as `[inputs, outputs]`, the map y = x·W.
  public var transposed: Weight {
    var weight = Weight(numbers, type, outputs: inputs, inputs: outputs, isTransposed: !isTransposed)
    weight.precision = precision
    return weight
  }

  /// The map's `range` of outputs. Precondition: they lie together, that is, the weight is not transposed.
  public func rows(_ range: Range<Int>) -> Weight {
    precondition(!isTransposed, "rows lie together")
    precondition(range.lowerBound >= 0 && range.upperBound <= outputs, "rows lie within")
    let part: Numbers =
      switch numbers {
      case .floats(let tensor): .floats(tensor.reshaped([outputs, inputs]).rows(range))
      case .bytes(let base, let owner):
        .bytes(base + range.lowerBound * inputs * type.byteCount, owner: owner)
      case .integers(let base, let scales, let owner):
        .integers(
          base + range.lowerBound * inputs, scales: scales.reshaped([outputs]).rows(range), owner: owner)
      }
    var weight = Weight(part, type, outputs: range.count, inputs: inputs, isTransposed: false)
    weight.precision = precision
    return weight
  }

  /// The numbers in place, `[outputs, inputs]`, where they are of single precision and not transposed.
  package var floats: Tensor? {
    guard case .floats(let tensor) = numbers, !isTransposed else { return nil }
    return tensor.reshaped([outputs, inputs])
  }

  /// All numbers in single precision, `[outputs, inputs]`: in place where they are so, else of memory of its own.
  public var tensor: Tensor {
    floats
      ?? Tensor(shape: [outputs, inputs]) { out in
        if let base = out.baseAddress { copy(0..<outputs, into: base) }
      }
  }

  /// Writes the rows `range` of the map, `[range.count, inputs]`, to `target` in single precision.
  package func copy(_ range: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= outputs, "rows lie within")
    let strides = isTransposed ? [1, outputs] : [inputs, 1]
    gather(from: range.lowerBound * strides[0], shape: [range.count, inputs], strides: strides, into: target)
  }

  /// Writes the elements `range`, in the order in which they are stored, to `target` in single precision.
  package func copy(stored range: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "elements lie within")
    gather(from: range.lowerBound, shape: [range.count], strides: [1], into: target)
  }

  private func gather(
    from first: Int, shape: [Int], strides: [Int], into target: UnsafeMutablePointer<Float>
  ) {
    let out = UnsafeMutableBufferPointer(start: target, count: shape.reduce(1, *))
    func gather(_ base: UnsafeRawPointer) {
      FloatConversion.gather(
        base + first * type.byteCount, as: type, shape: shape, strides: strides, into: out)
    }
    switch numbers {
    case .floats(let tensor): tensor.withUnsafeBufferPointer { gather(UnsafeRawPointer($0.baseAddress!)) }
    case .bytes(let base, let owner): withExtendedLifetime(owner) { gather(base) }
    case .integers(let base, let scales, let owner):
      let stored = isTransposed ? outputs : inputs  // elements of a stored row
      var index = 0
      for row in 0..<(shape.count == 2 ? shape[0] : 1) {
        for column in 0..<(shape.last ?? 1) {
          let element =
            first + (shape.count == 2 ? row * strides[0] : 0) + column * strides[strides.count - 1]
          out[index] = Float(base[element]) * scales.pointer[element / stored]
          index += 1
        }
      }
      withExtendedLifetime((scales, owner)) {}
    }
  }

  /// Writes the map's `range` of outputs, `[range.count, inputs]`, to `integers` as multiples of `scales`, one an output: as
  /// stored where they are stored so, else each output's largest magnitude is 127. Precondition: it is not transposed.
  package func quantize(
    _ range: Range<Int>, into integers: UnsafeMutablePointer<Int8>, scales: UnsafeMutablePointer<Float>
  ) {
    precondition(!isTransposed, "outputs lie together")
    precondition(range.lowerBound >= 0 && range.upperBound <= outputs, "rows lie within")
    if case .integers(let base, let stored, let owner) = numbers {
      integers.update(from: base + range.lowerBound * inputs, count: range.count * inputs)
      scales.update(from: stored.pointer + range.lowerBound, count: range.count)
      withExtendedLifetime((stored, owner)) {}
      return
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: max(inputs, 1)) { row in
      let row = row.baseAddress!
      for (index, output) in range.enumerated() {
        copy(output..<output + 1, into: row)
        scales[index] = PortableIntegers.quantizeWeights(row, inputs, into: integers + index * inputs)
      }
    }
  }

  /// Whether none of the stored elements `range` is an infinity or NaN or, of 8-bit integers, beyond what kernels allow.
  func isSound(stored range: Range<Int>) -> Bool {
    switch numbers {
    case .floats(let tensor):
      return tensor.withUnsafeBufferPointer { UnsafeBufferPointer(rebasing: $0[range]).areFinite }
    case .bytes(let base, let owner):
      return withExtendedLifetime(owner) {
        FloatConversion.areFinite(base + range.lowerBound * type.byteCount, as: type, count: range.count)
      }
    case .integers(let base, _, let owner):
      return withExtendedLifetime(owner) {
        var largest: UInt8 = 0
        for index in range { largest = max(largest, base[index].magnitude) }
        return largest <= VK_INT8_WEIGHT
      }
    }
  }

  /// Gives the memory of numbers in a mapped file back to the system, once a kernel has packed them. They can be read again.
  package func discardFilePages() {
    switch numbers {
    case .floats(let tensor): tensor.discardFilePages()
    case .bytes(let base, let owner):
      let bytes = UnsafeRawBufferPointer(start: base, count: count * type.byteCount)
      (owner as? MappedFile)?.discard(bytes)
    case .integers(let base, _, let owner):
      (owner as? MappedFile)?.discard(UnsafeRawBufferPointer(start: base, count: count))
    }
  }
}

/// The memory that a case points to is never written to.
extension Weight.Numbers: @unchecked Sendable {}
