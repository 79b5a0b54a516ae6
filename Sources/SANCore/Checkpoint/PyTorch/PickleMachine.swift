/// Reads a pickle of protocol 2 to 5 as `torch.save` writes it, and builds plain values from it.
///
/// The only calls it knows build dictionaries and tensor descriptions; every other becomes an inert
/// ``Pickle/Value/opaque``. Time and memory are bounded by a multiple of the input: an instruction handles
/// what earlier ones pushed, values are shared by reference, and the number of instructions is limited.
struct PickleMachine {
  typealias Failure = PickleInput.Failure

  /// The largest pickle read, in bytes; that of a released checkpoint has about 200 kB.
  static let maximumByteCount = 16 << 20
  /// The most work done: instructions, plus items copied.
  private static let maximumWork = 1 << 21

  private var input: PickleInput
  private var work = 0
  private var values: [Pickle.Value] = []
  private var stack: [Pickle.Reference] = []
  /// Heights of the stack at the open marks.
  private var marks: [Int] = []
  private var memo: [Int: Pickle.Reference] = [:]

  /// Runs the pickle in `bytes`.
  static func run(_ bytes: [UInt8]) throws(Failure) -> Pickle {
    var machine = PickleMachine(input: PickleInput(bytes: bytes))
    return try machine.run()
  }

  private init(input: PickleInput) {
    self.input = input
  }

  private mutating func run() throws(Failure) -> Pickle {
    guard input.bytes.count <= Self.maximumByteCount else {
      throw failure("more than \(Self.maximumByteCount) bytes")
    }
    while true {
      let opcode = try input.opcode()
      try charge(1)
      if opcode == .stop { break }
      try execute(opcode)
    }
    return Pickle(values: values, root: try pop(), bytes: input.bytes)
  }

  private func failure(_ problem: String) -> Failure { input.failure(problem) }

  private mutating func charge(_ amount: Int) throws(Failure) {
    work += amount
    guard work <= Self.maximumWork else { throw failure("more than \(Self.maximumWork) instructions") }
  }

  private mutating func execute(_ opcode: PickleOpcode) throws(Failure) {
    switch opcode {
    case .proto:
      guard (2...5).contains(try input.byte()) else { throw failure("a protocol other than 2 to 5") }
    case .frame:
      guard try input.length(8) <= input.rest else { throw failure("the pickle ends too early") }
    case .stop: break

    case .none: push(.none)
    case .newTrue: push(.boolean(true))
    case .newFalse: push(.boolean(false))
    case .binInt: push(.integer(Int(Int32(truncatingIfNeeded: try input.unsigned(4)))))
    case .binInt1: push(.integer(Int(try input.unsigned(1))))
    case .binInt2: push(.integer(Int(try input.unsigned(2))))
    case .long1: try pushLong(try input.length(1))
    case .long4: try pushLong(try input.length(4))
    case .binFloat: push(.real(Double(bitPattern: UInt64(try input.unsigned(8)).byteSwapped)))

    case .shortBinUnicode, .shortBinString: try pushString(try input.length(1))
    case .binUnicode, .binString: try pushString(try input.length(4))
    case .binUnicode8: try pushString(try input.length(8))
    case .shortBinBytes: try pushOpaque(skipping: try input.length(1))
    case .binBytes: try pushOpaque(skipping: try input.length(4))
    case .binBytes8, .byteArray8: try pushOpaque(skipping: try input.length(8))

    case .emptyTuple: push(.tuple([]))
    case .tuple1: push(.tuple(try pop(1)))
    case .tuple2: push(.tuple(try pop(2)))
    case .tuple3: push(.tuple(try pop(3)))
    case .tuple: push(.tuple(try popToMark()))
    case .emptyList: push(.list([]))
    case .append: try append(try pop(1))
    case .appends: try append(try popToMark())
    case .emptyDictionary: push(.dictionary([]))
    case .setItem: try setItems(try pop(2))
    case .setItems: try setItems(try popToMark())
    case .emptySet: push(.opaque)
    case .addItems: _ = try popToMark()
    case .frozenSet:
      _ = try popToMark()
      push(.opaque)

    case .mark: marks.append(stack.count)
    case .pop: _ = try pop()
    case .popMark: _ = try popToMark()
    case .duplicate: stack.append(try top())
    case .binGet: try get(try input.length(1))
    case .longBinGet: try get(try input.length(4))
    case .binPut: memo[try input.length(1)] = try top()
    case .longBinPut: memo[try input.length(4)] = try top()
    case .memoize: memo[memo.count] = try top()

    case .global:
      let module = try input.line()
      push(.global(Pickle.Global(module: input.bytes[module], name: input.bytes[try input.line()])))
    case .stackGlobal: try pushGlobal(try pop(2))
    case .binPersistentID: try pushStorage(try pop())
    case .reduce: try reduce(try pop(2))
    case .newObject: try construct(arguments: 2)
    case .newObjectKeywords: try construct(arguments: 3)
    case .build:
      _ = try pop()
      try checkHasState(try top())
    }
  }

  // MARK: Stack

  private mutating func push(_ value: Pickle.Value) {
    stack.append(Pickle.Reference(values.count))
    values.append(value)
  }

  /// The items above the innermost mark are out of reach for instructions that do not close it.
  private var floor: Int { marks.last ?? 0 }

  private func top() throws(Failure) -> Pickle.Reference {
    guard stack.count > floor, let top = stack.last else { throw failure("an empty stack") }
    return top
  }

  private mutating func pop() throws(Failure) -> Pickle.Reference {
    let top = try top()
    stack.removeLast()
    return top
  }

  private mutating func pop(_ count: Int) throws(Failure) -> [Pickle.Reference] {
    guard stack.count - floor >= count else { throw failure("an empty stack") }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws(Failure) -> [Pickle.Reference] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw failure("no mark on the stack") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func get(_ index: Int) throws(Failure) {
    guard let reference = memo[index] else { throw failure("nothing remembered under \(index)") }
    stack.append(reference)
  }

  // MARK: Values

  private mutating func pushLong(_ size: Int) throws(Failure) {
    let digits = try input.take(size)
    guard size <= 8 else { return push(.opaque) }
    guard size > 0 else { return push(.integer(0)) }
    let magnitude = input.bytes[digits].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let unused = 64 - 8 * size
    push(.integer(Int(Int64(bitPattern: magnitude << UInt64(unused)) >> Int64(unused))))
  }

  private mutating func pushString(_ count: Int) throws(Failure) {
    let range = try input.take(count)
    push(.string(Int32(range.lowerBound)..<Int32(range.upperBound)))
  }

  private mutating func pushOpaque(skipping count: Int) throws(Failure) {
    _ = try input.take(count)
    push(.opaque)
  }

  private mutating func append(_ items: [Pickle.Reference]) throws(Failure) {
    let target = Int(try top())
    switch values[target] {
    case .list(var elements):
      values[target] = .none  // so that the array has one owner and grows in place
      elements += items
      values[target] = .list(elements)
    case .opaque: break
    default: throw failure("items are appended to what is not a list")
    }
  }

  private mutating func setItems(_ items: [Pickle.Reference]) throws(Failure) {
    guard items.count % 2 == 0 else { throw failure("a key without a value") }
    let target = Int(try top())
    switch values[target] {
    case .dictionary(var elements):
      values[target] = .none
      elements += items
      values[target] = .dictionary(elements)
    case .opaque: break
    default: throw failure("keys are set in what is not a dictionary")
    }
  }

  private mutating func pushGlobal(_ names: [Pickle.Reference]) throws(Failure) {
    guard case .string(let module) = values[Int(names[0])], case .string(let name) = values[Int(names[1])]
    else {
      throw failure("an import without a name")
    }
    push(
      .global(
        Pickle.Global(
          module: input.bytes[Int(module.lowerBound)..<Int(module.upperBound)],
          name: input.bytes[Int(name.lowerBound)..<Int(name.upperBound)])))
  }

  /// A persistent identifier is `("storage", class, key, device, count)`.
  private mutating func pushStorage(_ identifier: Pickle.Reference) throws(Failure) {
    guard case .tuple(let items) = values[Int(identifier)], items.count == 5,
      case .global(.storage(let type)) = values[Int(items[1])], case .string = values[Int(items[2])],
      case .integer(let count) = values[Int(items[4])], count >= 0
    else { throw failure("a reference to a storage that is not sound") }
    push(.storage(Pickle.Storage(type: type, key: items[2], count: count)))
  }

  private mutating func construct(arguments: Int) throws(Failure) {
    let items = try pop(arguments)
    guard case .global(let global) = values[Int(items[0])] else { throw failure("an object without a class") }
    if case .orderedDictionary = global { return push(.dictionary([])) }
    push(.opaque)
  }

  private mutating func reduce(_ items: [Pickle.Reference]) throws(Failure) {
    guard case .tuple(let arguments) = values[Int(items[1])] else {
      throw failure("a call without arguments")
    }
    guard case .global(let global) = values[Int(items[0])] else { return push(.opaque) }
    switch global {
    case .orderedDictionary: try pushOrderedDictionary(arguments)
    case .rebuildTensor:
      // storage, offset, shape, strides, whether it has a gradient, hooks, and perhaps metadata
      guard arguments.count >= 4, case .integer(let offset) = values[Int(arguments[1])] else {
        throw failure("a tensor that is not sound")
      }
      push(
        .tensor(
          Pickle.TensorReference(
            storage: arguments[0], offset: offset, shape: arguments[2], strides: arguments[3])))
    case .rebuildParameter:
      guard let tensor = arguments.first else { throw failure("a parameter without a tensor") }
      stack.append(tensor)
    case .size:
      guard let extents = arguments.first else { throw failure("a size without extents") }
      stack.append(extents)
    case .storage, .unknown: push(.opaque)
    }
  }

  /// The state of an object, such as a dictionary's attribute `_metadata`, is dropped.
  private func checkHasState(_ object: Pickle.Reference) throws(Failure) {
    switch values[Int(object)] {
    case .dictionary, .opaque: break
    default: throw failure("a state for what has none")
    }
  }

  /// `OrderedDict()` or `OrderedDict([(key, value), …])`.
  private mutating func pushOrderedDictionary(_ arguments: [Pickle.Reference]) throws(Failure) {
    guard let pairs = arguments.first else { return push(.dictionary([])) }
    guard case .list(let items) = values[Int(pairs)] else { throw failure("a dictionary that is not sound") }
    try charge(items.count)
    var elements: [Pickle.Reference] = []
    for item in items {
      switch values[Int(item)] {
      case .tuple(let pair) where pair.count == 2, .list(let pair) where pair.count == 2: elements += pair
      default: throw failure("a dictionary that is not sound")
      }
    }
    push(.dictionary(elements))
  }
}
