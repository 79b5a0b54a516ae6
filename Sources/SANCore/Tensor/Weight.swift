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
  private let numbers: Numbers

  fileprivate enum Numbers {
    /// Single precision.
    case floats(Tensor)
    /// Another type, at any alignment, in memory that the owner keeps alive.
    case bytes(UnsafeRawPointer, owner: AnyObject)
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

  /// The number of elements.
  public var count: Int { outputs * inputs }

  /// The same numbers as the map's transpose: of what is stored as `[inputs, outputs]`, the map y = x·W.
  public var transposed: Weight {
    Weight(numbers, type, outputs: inputs, inputs: outputs, isTransposed: !isTransposed)
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
      }
    return Weight(part, type, outputs: range.count, inputs: inputs, isTransposed: false)
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
    }
  }

  /// Whether none of the stored elements `range` is an infinity or NaN.
  func isFinite(stored range: Range<Int>) -> Bool {
    switch numbers {
    case .floats(let tensor):
      return tensor.withUnsafeBufferPointer { UnsafeBufferPointer(rebasing: $0[range]).areFinite }
    case .bytes(let base, let owner):
      return withExtendedLifetime(owner) {
        FloatConversion.areFinite(base + range.lowerBound * type.byteCount, as: type, count: range.count)
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
    }
  }
}

/// The memory that a case points to is never written to.
extension Weight.Numbers: @unchecked Sendable {}
