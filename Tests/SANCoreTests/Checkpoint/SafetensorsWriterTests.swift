import SANCore
import XCTest

final class SafetensorsWriterTests: XCTestCase {
  private let tensors: [String: Tensor] = [
    "b": Tensor(shape: [2, 2], [1, -2, 0.1, 65504]), "a": Tensor(shape: [3], [1.0005, 3e-8, -0.0]),
    "é": Tensor(shape: [], [4.6051702]),
  ]

  private func entries(_ type: ElementType) -> [SafetensorsWriter.Entry] {
    tensors.map { SafetensorsWriter.Entry(name: $0.key, shape: $0.value.shape, type: type) }
  }

  private func write(_ path: String, _ entries: [SafetensorsWriter.Entry]) throws {
    try SafetensorsWriter.write(to: path, entries: entries, metadata: ["z": "1", "config": "{\"a\"}"]) {
      try XCTUnwrap(tensors[$0])
    }
  }

  func testBytes() throws {
    let folder = try TemporaryFolder()
    var entries = entries(.float16)
    for index in entries.indices where entries[index].name == "é" { entries[index].type = .float32 }
    try write(folder.path("x"), entries)
    let header = """
      {"__metadata__":{"config":"{\\"a\\"}","z":"1"},"é":{"dtype":"F32","shape":[],"data_offsets":[0,4]},\
      "a":{"dtype":"F16","shape":[3],"data_offsets":[4,10]},\
      "b":{"dtype":"F16","shape":[2,2],"data_offsets":[10,18]}}
      """
    let padding = [UInt8](repeating: 0x20, count: (8 - header.utf8.count % 8) % 8)
    let data: [UInt8] =
      [0x8E, 0x5D, 0x93, 0x40] + [0x01, 0x3C, 0x01, 0x00, 0x00, 0x80]
      + [0x00, 0x3C, 0x00, 0xC0, 0x66, 0x2E, 0xFF, 0x7B]
    let expected =
      littleEndian(UInt64(header.utf8.count + padding.count)) + Array(header.utf8) + padding + data
    XCTAssertEqual(try bytes(at: folder.path("x")), expected)
    XCTAssertEqual(try folder.names, ["x"])
  }

  func testTheOrderOfEntriesDoesNotMatter() throws {
    let folder = try TemporaryFolder()
    let entries = entries(.bfloat16)
    try write(folder.path("x"), entries)
    try write(folder.path("y"), entries.reversed())
    XCTAssertEqual(try bytes(at: folder.path("x")), try bytes(at: folder.path("y")))
  }

  func testReadsBack() throws {
    let folder = try TemporaryFolder()
    for (type, expected) in [
      (.float32, [1.0005, 3e-8, -0.0]), (.float16, [1.0009765625, 0x1p-24, -0.0]),
      (.bfloat16, [1, Float(bitPattern: 0x3301_0000), -0.0]),
    ] as [(ElementType, [Float])] {
      try write(folder.path("x"), entries(type))
      let checkpoint = try Checkpoint.open(path: folder.path("x"))
      XCTAssertEqual(checkpoint.metadata, ["z": "1", "config": "{\"a\"}"])
      XCTAssertEqual(try checkpoint.tensor("a").values.map(\.bitPattern), expected.map(\.bitPattern))
      XCTAssertEqual(try checkpoint.tensor("b").shape, [2, 2])
    }
  }

  func testLargeTensorsAreWrittenWhole() throws {
    let folder = try TemporaryFolder()
    let count = 600_001
    let tensor = Tensor(shape: [count], (0..<count).map { Float($0 % 2048) })
    let entry = SafetensorsWriter.Entry(name: "t", shape: [count], type: .float16)
    try SafetensorsWriter.write(to: folder.path("x"), entries: [entry]) { _ in tensor }
    XCTAssertEqual(try Checkpoint.open(path: folder.path("x")).tensor("t").values, tensor.values)
  }

  func testNothingIsLeftAfterAFailure() throws {
    struct Stop: Error {}
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], "x")
    XCTAssertThrowsError(
      try SafetensorsWriter.write(to: folder.path("x"), entries: entries(.float32)) { name in
        if name == "b" { throw Stop() }
        return try XCTUnwrap(tensors[name])
      }
    ) { XCTAssertTrue($0 is Stop) }
    XCTAssertEqual(try bytes(at: folder.path("x")), [1, 2, 3])
    XCTAssertEqual(try folder.names, ["x"])

    let nowhere = folder.path("absent/x")
    XCTAssertThrowsError(try write(nowhere, entries(.float32))) {
      XCTAssertEqual($0 as? OutputFileError, .folderMissing(path: nowhere, folder: folder.path("absent")))
    }
  }

  func testAFiniteNumberNeverBecomesInfinite() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("x")
    let tensor = Tensor(shape: [2], [.infinity, 65_520])
    XCTAssertThrowsError(
      try SafetensorsWriter.write(
        to: path, entries: [SafetensorsWriter.Entry(name: "t", shape: [2], type: .float16)]
      ) { _ in tensor }
    ) {
      XCTAssertEqual(
        $0 as? CheckpointError, .valueOutOfRange(file: path, tensor: "t", value: 65_520, type: .float16))
    }
    XCTAssertEqual(try folder.names, [])
  }
}
