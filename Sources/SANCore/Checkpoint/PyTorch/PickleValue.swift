/// What a pickle builds: values in one flat array that refer to each other by index, so that shared and even
/// cyclic values cost nothing and no recursion depends on the file.
struct Pickle: Sendable {
  /// An index into ``values``.
  typealias Reference = Int32

  enum Value: Sendable {
    case none
    case boolean(Bool)
    case integer(Int)
    case real(Double)
    /// UTF-8 text: a range of the pickle's own bytes.
    case string(Range<Int32>)
    case tuple([Reference])
    case list([Reference])
    /// Keys and values in turn.
    case dictionary([Reference])
    case global(Global)
    case storage(Storage)
    case tensor(TensorReference)
    /// Something legitimate that cannot matter here; it has no content and runs nothing.
    case opaque
  }

  /// A name that the pickle imports. Only these mean something; nothing is ever looked up or run.
  enum Global: Sendable {
    case orderedDictionary
    case rebuildTensor
    case rebuildParameter
    case size
    /// A storage class; nil where its elements have no counterpart here.
    case storage(ElementType?)
    case unknown
  }

  /// The elements of one or more tensors: an entry of the archive.
  struct Storage: Sendable {
    let type: ElementType?
    /// A string: the name of the entry under `data/`.
    let key: Reference
    let count: Int
  }

  /// A tensor as the pickle states it; nothing of it is checked yet.
  struct TensorReference: Sendable {
    let storage: Reference
    let offset: Int
    let shape: Reference
    let strides: Reference
  }

  var values: [Value]
  var root: Reference
  private let bytes: [UInt8]

  init(values: [Value], root: Reference, bytes: [UInt8]) {
    self.values = values
    self.root = root
    self.bytes = bytes
  }

  subscript(reference: Reference) -> Value { values[Int(reference)] }

  /// The text of a string, if `reference` is one and its UTF-8 is valid.
  func string(_ reference: Reference) -> String? {
    guard case .string(let range) = self[reference] else { return nil }
    return String(validating: bytes[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
  }

  /// The integers of a tuple or list of at most `limit`.
  func integers(_ reference: Reference, limit: Int) -> [Int]? {
    let items: [Reference]
    switch self[reference] {
    case .tuple(let elements), .list(let elements): items = elements
    default: return nil
    }
    guard items.count <= limit else { return nil }
    var result: [Int] = []
    for item in items {
      guard case .integer(let integer) = self[item] else { return nil }
      result.append(integer)
    }
    return result
  }

  /// The last value of `key` in a dictionary, as in Python.
  func member(_ key: String, of reference: Reference) -> Reference? {
    guard case .dictionary(let items) = self[reference] else { return nil }
    var found: Reference?
    for index in stride(from: 0, to: items.count, by: 2) {
      guard case .string(let range) = self[items[index]] else { continue }
      if bytes[Int(range.lowerBound)..<Int(range.upperBound)].elementsEqual(key.utf8) {
        found = items[index + 1]
      }
    }
    return found
  }

  /// What kind of value it is, for messages.
  func kind(_ reference: Reference) -> String {
    switch self[reference] {
    case .none: "None"
    case .boolean, .integer, .real: "a number"
    case .string: "a string"
    case .tuple, .list: "a list"
    case .dictionary: "a dictionary"
    case .tensor: "a tensor"
    case .global, .storage, .opaque: "an object of another kind"
    }
  }
}

extension Pickle.Global {
  /// What `module.name` means here.
  init(module: some Collection<UInt8>, name: some Collection<UInt8>) {
    let module = String(decoding: module.prefix(32), as: UTF8.self)
    let name = String(decoding: name.prefix(32), as: UTF8.self)
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"):
      self = .rebuildParameter
    case ("torch", "Size"): self = .size
    case ("torch", "DoubleStorage"): self = .storage(.float64)
    case ("torch", "FloatStorage"): self = .storage(.float32)
    case ("torch", "HalfStorage"): self = .storage(.float16)
    case ("torch", "BFloat16Storage"): self = .storage(.bfloat16)
    case ("torch", "LongStorage"): self = .storage(.int64)
    case ("torch", "IntStorage"): self = .storage(.int32)
    case ("torch", "ShortStorage"): self = .storage(.int16)
    case ("torch", "CharStorage"): self = .storage(.int8)
    case ("torch", "ByteStorage"): self = .storage(.uint8)
    case ("torch", "BoolStorage"): self = .storage(.boolean)
    case ("torch", let name) where name.hasSuffix("Storage"): self = .storage(nil)
    default: self = .unknown
    }
  }
}
