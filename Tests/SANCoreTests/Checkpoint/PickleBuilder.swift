/// A pickle as nested values, encoded with the instructions that `torch.save` uses.
indirect enum PickleItem {
  case none
  case integer(Int)
  case text(String)
  case tuple([PickleItem])
  case list([PickleItem])
  case dictionary([(PickleItem, PickleItem)])
  case global(String, String)
  /// A function or class, called.
  case call(PickleItem, [PickleItem])
  /// A value that the unpickler gets from outside by its identifier.
  case persistent(PickleItem)
  /// An object and its state.
  case build(PickleItem, PickleItem)
  /// Instructions as they are.
  case raw([UInt8])

  /// The call that makes a tensor of the storage `key`, which has `count` elements.
  static func tensor(
    _ key: String, count: Int, offset: Int = 0, shape: [Int], strides: [Int], storage: String = "FloatStorage"
  ) -> PickleItem {
    .call(
      .global("torch._utils", "_rebuild_tensor_v2"),
      [
        .persistent(
          .tuple([.text("storage"), .global("torch", storage), .text(key), .text("cpu"), .integer(count)])),
        .integer(offset), .tuple(shape.map(PickleItem.integer)), .tuple(strides.map(PickleItem.integer)),
        .raw([0x89]), .call(.global("collections", "OrderedDict"), []),
      ])
  }

  /// A whole pickle with this value.
  var pickle: [UInt8] { [0x80, 2] + instructions + Array(".".utf8) }

  var instructions: [UInt8] {
    switch self {
    case .none: Array("N".utf8)
    case .integer(let integer): [0x8A, 8] + littleEndian(integer)
    case .text(let text): Array("X".utf8) + littleEndian(UInt32(text.utf8.count)) + Array(text.utf8)
    case .tuple(let items): Array("(".utf8) + items.flatMap(\.instructions) + Array("t".utf8)
    case .list(let items): Array("](".utf8) + items.flatMap(\.instructions) + Array("e".utf8)
    case .dictionary(let items):
      Array("}(".utf8) + items.flatMap { $0.0.instructions + $0.1.instructions } + Array("u".utf8)
    case .global(let module, let name): Array("c\(module)\n\(name)\n".utf8)
    case .call(let function, let arguments):
      function.instructions + PickleItem.tuple(arguments).instructions + Array("R".utf8)
    case .persistent(let identifier): identifier.instructions + Array("Q".utf8)
    case .build(let object, let state): object.instructions + state.instructions + Array("b".utf8)
    case .raw(let instructions): instructions
    }
  }
}
