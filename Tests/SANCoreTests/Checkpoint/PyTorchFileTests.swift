import SANCore
import XCTest

/// Pickles that are made here; `TorchFixtureTests` reads PyTorch's own.
final class PyTorchFileTests: PyTorchTestCase {
  // MARK: What is read

  func testFormatIsToldByContent() throws {
    XCTAssertEqual(try open(one(whole)).format, .pyTorch)
  }

  func testStridesAndOffsets() throws {
    for (tensor, shape, expected) in [
      (whole, [3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
      (
        .tensor("0", count: 12, shape: [4, 3], strides: [1, 4]), [4, 3],
        [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]
      ),
      (.tensor("0", count: 12, offset: 5, shape: [2, 2], strides: [4, 2]), [2, 2], [5, 7, 9, 11]),
      (.tensor("0", count: 12, offset: 11, shape: [], strides: []), [], [11]),
      (.tensor("0", count: 12, offset: 3, shape: [1, 2, 1], strides: [7, 1, 999]), [1, 2, 1], [3, 4]),
      (.tensor("0", count: 12, shape: [3, 2], strides: [0, 1]), [3, 2], [0, 1, 0, 1, 0, 1]),
      (.tensor("0", count: 12, shape: [2, 0], strides: [1, 1]), [2, 0], []),
    ] as [(PickleItem, [Int], [Float])] {
      let tensor = try open(one(tensor)).tensor("t")
      XCTAssertEqual(tensor.shape, shape)
      XCTAssertEqual(tensor.values, expected)
    }
  }

  func testStorageTypes() throws {
    for (storage, bytes, type, expected) in [
      (
        "DoubleStorage", littleEndian((0.25).bitPattern) + littleEndian((-2.0).bitPattern), .float64,
        [0.25, -2]
      ),
      ("FloatStorage", floatBytes([0.25, -2]), .float32, [0.25, -2]),
      ("HalfStorage", [0x00, 0x34, 0x00, 0xC0], .float16, [0.25, -2]),
      ("BFloat16Storage", [0x80, 0x3E, 0x00, 0xC0], .bfloat16, [0.25, -2]),
      ("LongStorage", littleEndian(1) + littleEndian(2), .int64, nil),
      ("IntStorage", littleEndian(1 as Int32) + littleEndian(2 as Int32), .int32, nil),
      ("ShortStorage", [1, 0, 2, 0], .int16, nil), ("CharStorage", [1, 2], .int8, nil),
      ("ByteStorage", [1, 2], .uint8, nil), ("BoolStorage", [0, 1], .boolean, nil),
    ] as [(String, [UInt8], ElementType, [Float]?)] {
      let tensor = PickleItem.tensor("0", count: 2, shape: [2], strides: [1], storage: storage)
      let checkpoint = try open(one(tensor), [("0", bytes)])
      XCTAssertEqual(checkpoint.entry("t")?.type, type)
      if let expected {
        XCTAssertEqual(try checkpoint.tensor("t").values, expected, storage)
      } else {
        XCTAssertThrowsError(try checkpoint.tensor("t")) {
          switch $0 {
          case CheckpointError.unsupportedElementType: XCTAssertNotEqual(type, .int8)
          // Integers of a byte are weights where their scales are there.
          case CheckpointError.malformed: XCTAssertEqual(type, .int8)
          default: XCTFail("\($0)")
          }
        }
      }
    }
    let complex = PickleItem.tensor("0", count: 1, shape: [1], strides: [1], storage: "ComplexFloatStorage")
    XCTAssertThrowsError(try open(one(complex))) {
      guard case CheckpointError.unsupportedElementType(_, "t", _) = $0 else { return XCTFail("\($0)") }
    }
  }

  func testStridedTensorsOfEveryTypeAreGathered() throws {
    let halves: [UInt16] = [0x0000, 0x3C00, 0x4000, 0x4200, 0x4400, 0x4500]
    let numbers: [Float] = [0, 1, 2, 3, 4, 5]
    let storages: [String: [UInt8]] = [
      "DoubleStorage": numbers.flatMap { littleEndian(Double($0).bitPattern) },
      "FloatStorage": floatBytes(numbers), "HalfStorage": halves.flatMap { littleEndian($0) },
      "BFloat16Storage": numbers.flatMap { littleEndian(UInt16($0.bitPattern >> 16)) },
    ]
    for (storage, bytes) in storages {
      let tensor = PickleItem.tensor("0", count: 6, shape: [3, 2], strides: [1, 3], storage: storage)
      XCTAssertEqual(try open(one(tensor), [("0", bytes)]).tensor("t").values, [0, 3, 1, 4, 2, 5], storage)
    }
  }

  func testWhereTheModelIsFound() throws {
    let other = PickleItem.tensor("0", count: 12, offset: 1, shape: [2], strides: [1])
    let state = PickleItem.dictionary([
      (.text("exp_avg"), .tensor("absent", count: 9, shape: [9], strides: [1]))
    ])
    for (root, expected) in [
      (
        .dictionary([(.text("optimizer"), state), (.text("model"), one(other)), (.text("x"), whole)]), [1, 2]
      ),
      (.dictionary([(.text("epoch"), .integer(3)), (.text("state_dict"), one(other))]), [1, 2]),
      (.dictionary([(.text("epoch"), .integer(3)), (.integer(7), .none), (.text("t"), other)]), [1, 2]),
      (.dictionary([(.text("model"), .integer(3)), (.text("t"), other)]), [1, 2]),
      (.call(.global("collections", "OrderedDict"), [.list([.tuple([.text("t"), other])])]), [1, 2]),
      (.build(one(other), .dictionary([(.text("_metadata"), .dictionary([]))])), [1, 2]),
      (
        one(.call(.global("torch._utils", "_rebuild_parameter"), [other, .raw([0x88]), .dictionary([])])),
        [1, 2]
      ),
    ] as [(PickleItem, [Float])] {
      let checkpoint = try open(root)
      XCTAssertEqual(checkpoint.entries.map(\.name), ["t"])
      XCTAssertEqual(try checkpoint.tensor("t").values, expected)
    }
  }

  func testWhatIsNoModel() throws {
    for (root, found) in [
      (
        .dictionary([(.text("weights"), .integer(1)), (.integer(2), .none)]),
        "the keys \"weights\", a key that is"
      ),
      (.dictionary([]), "an empty dictionary"),
      (.dictionary([(.text("model"), .dictionary([])), (.text("t"), whole)]), "an empty \"model\""),
      (.list([]), "a list"), (whole, "a tensor"),
      (.call(.global("my.package", "Model"), []), "an object of another kind"),
    ] as [(PickleItem, String)] {
      XCTAssertThrowsError(try open(root)) {
        guard case CheckpointError.noModel = $0 else { return XCTFail("\($0)") }
        XCTAssertTrue("\($0)".contains(found), "\($0)")
      }
    }
  }

  /// What a call would do is never done, and its result is no tensor.
  func testUnknownCallsAreInert() throws {
    let call = PickleItem.call(.global("os", "system"), [.text("exit 1")])
    let harmless = PickleItem.dictionary([
      (.text("model"), one(whole)), (.text("args"), call),
      (.text("rng"), .call(.global("numpy.core.multiarray", "scalar"), [.none])),
      (.text("scheduler"), .build(.call(.global("a", "B"), []), .dictionary([]))),
    ])
    XCTAssertEqual(try open(harmless).entries.count, 1)
    assertUnsupported("it is an object of another kind, not a tensor") {
      try open(.dictionary([(.text("model"), one(call))]))
    }
    // The result of a call stands where a storage is due.
    assertMalformed("it has no storage") {
      try open(
        one(
          .call(
            .global("torch._utils", "_rebuild_tensor_v2"),
            [call, .integer(0), .tuple([.integer(1)]), .tuple([.integer(1)])])))
    }
  }

  // MARK: What is refused

  func testTensorsOutsideOfTheirStorage() throws {
    for (tensor, problem) in [
      (.tensor("0", count: 12, shape: [13], strides: [1]), "leaves its storage of 12"),
      (.tensor("0", count: 12, offset: 1, shape: [12], strides: [1]), "leaves its storage"),
      (.tensor("0", count: 12, offset: -1, shape: [1], strides: [1]), "leaves its storage"),
      (.tensor("0", count: 12, offset: .max, shape: [2], strides: [1]), "leaves its storage"),
      (.tensor("0", count: 12, shape: [2], strides: [-1]), "leaves its storage"),
      (.tensor("0", count: 12, shape: [3, 2], strides: [.max, 1]), "leaves its storage"),
      (.tensor("0", count: 12, shape: [2], strides: [12]), "leaves its storage"),
      (.tensor("0", count: 13, shape: [1], strides: [1]), "its storage has 48 bytes instead of 13 F32"),
      (.tensor("0", count: .max, shape: [1], strides: [1]), "its storage has 48 bytes"),
      (.tensor("0", count: 12, shape: [-1], strides: [1]), "its shape and strides"),
      (.tensor("0", count: 12, shape: [1 << 32, 1 << 32], strides: [0, 0]), "its shape and strides"),
      (.tensor("0", count: 12, shape: [1, 2], strides: [1]), "its shape and strides"),
      (
        .tensor("0", count: 12, shape: [Int](repeating: 1, count: 9), strides: [Int](repeating: 1, count: 9)),
        "its shape and strides"
      ),
      (.tensor("1", count: 12, shape: [1], strides: [1]), "the storage \"1\" is missing"),
    ] as [(PickleItem, String)] {
      assertMalformed(problem) { try open(one(tensor)) }
    }
    assertUnsupported("it repeats its elements") {
      try open(one(.tensor("0", count: 12, shape: [1 << 30], strides: [0])))
    }
  }

  func testKeysThatAreNotNames() throws {
    assertMalformed("twice the same") {
      try open(.dictionary([(.text("t"), whole), (.text("t"), whole)]))
    }
    assertMalformed("a key that is not text") { try open(.dictionary([(.integer(1), whole)])) }
  }

  func testBrokenPickles() throws {
    for (instructions, problem) in [
      ([], "ends too early"), ([0x80, 1], "a protocol other than"), ([0x80, 6], "a protocol other than"),
      (Array("I1\n.".utf8), "an instruction that torch.save does not use"),
      (Array(".".utf8), "an empty stack"),
      (Array("t.".utf8), "no mark"), (Array("N0(0".utf8), "an empty stack"),
      (Array("N(R".utf8), "an empty stack"), (Array("NNR".utf8), "a call without arguments"),
      (Array("h\u{5}".utf8), "nothing remembered under 5"), (Array("Ne".utf8), "no mark"),
      (Array("N(NNu".utf8), "keys are set in what is not a dictionary"),
      (Array("}(Nu".utf8), "a key without a value"), (Array("NNa".utf8), "items are appended"),
      (Array("X".utf8) + [0xFF, 0xFF, 0xFF, 0xFF], "ends too early"),
      ([0x8D] + [UInt8](repeating: 0xFF, count: 8), "a length out of range"),
      ([0x8E] + littleEndian(Int.max), "ends too early"), ([0x8A, 9, 1], "ends too early"),
      (Array("cos\nsystem".utf8), "ends too early"), ([0x4E, 0x4E, 0x93], "an import without a name"),
      (Array("NQ".utf8), "a reference to a storage"), (Array("N)\u{81}".utf8), "an instruction"),
      ([0x4E, 0x29, 0x81], "an object without a class"), (Array("NNb".utf8), "a state for what has none"),
      ([0x95] + littleEndian(9), "ends too early"),
    ] as [([UInt8], String)] {
      assertMalformed(problem) { try open(archive(instructions).bytes) }
    }
  }

  /// Values are shared, never copied: 2¹⁰⁰⁰ leaves cost a thousand instructions, and a list may contain
  /// itself.
  func testSharedAndCyclicValuesCostNothing() throws {
    let laughs = Array("]".utf8) + [[UInt8]](repeating: [0x32, 0x86], count: 1000).joined()
    // l = []; l.append(l); d = {}; d["a"] = d
    let cycle: [UInt8] =
      Array("]q\0h\0a0}q\u{1}(X".utf8) + littleEndian(1 as UInt32) + Array("ah\u{1}u".utf8)
    let deep = Array(")".utf8) + [UInt8](repeating: 0x85, count: 1_000_000)
    for value in [laughs, cycle, deep] {
      let root = PickleItem.dictionary([(.text("x"), .raw(value)), (.text("model"), one(whole))])
      XCTAssertEqual(try open(root).entries.count, 1)
    }
  }

  func testWorkIsLimited() throws {
    assertMalformed("instructions") {
      try open(archive([0x80, 2] + [UInt8](repeating: 0x5D, count: 3_000_000)).bytes)
    }
    // A list of pairs, made into a dictionary over and over.
    let pair: [UInt8] = [0x4E, 0x4E, 0x86]
    let pairs = Array("](".utf8) + [[UInt8]](repeating: pair, count: 10_000).joined() + Array("eq\0".utf8)
    let call: [UInt8] = Array("ccollections\nOrderedDict\nh\0".utf8) + [0x85, 0x52]
    let again = [[UInt8]](repeating: call, count: 10_000).joined()
    assertMalformed("instructions") { try open(archive([0x80, 2] + pairs + again + Array(".".utf8)).bytes) }
    assertUnsupported("more than 16777216 bytes") {
      try open(archive([UInt8](repeating: 0x4E, count: 1 << 24 + 1)).bytes)
    }
  }

  func testOldFormats() throws {
    let magic: [UInt8] = [
      0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]
    XCTAssertThrowsError(try open(magic + [UInt8](repeating: 0, count: 100))) {
      guard case CheckpointError.legacyPyTorch = $0 else { return XCTFail("\($0)") }
      XCTAssertTrue("\($0)".contains("save it again with torch.save"), "\($0)")
    }
  }
}
