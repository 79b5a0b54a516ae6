import SANCore
import XCTest

/// What tests of PyTorch's format share: archives and pickles that are made here, sound ones and others.
class PyTorchTestCase: XCTestCase {
  let data = floatBytes((0..<12).map(Float.init))

  func archive(_ pickle: [UInt8], _ storages: [(String, [UInt8])]? = nil, prefix: String = "archive/")
    -> ZipBuilder
  {
    let storages = storages ?? [("0", data)]
    return ZipBuilder(
      [(prefix + "data.pkl", pickle), (prefix + "byteorder", Array("little".utf8))]
        + storages.map { ("\(prefix)data/\($0.0)", $0.1) } + [(prefix + "version", Array("3\n".utf8))])
  }

  func open(_ bytes: [UInt8]) throws -> Checkpoint {
    let folder = try TemporaryFolder()
    return try Checkpoint.open(path: folder.write(bytes, "model.safetensors"))
  }

  func open(_ item: PickleItem, _ storages: [(String, [UInt8])]? = nil) throws -> Checkpoint {
    try open(archive(item.pickle, storages).bytes)
  }

  /// A dictionary with the one tensor `t`.
  func one(_ tensor: PickleItem) -> PickleItem { .dictionary([(.text("t"), tensor)]) }

  let whole = PickleItem.tensor("0", count: 12, shape: [3, 4], strides: [4, 1])

  func assertMalformed(
    _ problem: String, file: StaticString = #filePath, line: UInt = #line, _ body: () throws -> Checkpoint
  ) {
    XCTAssertThrowsError(try body(), problem, file: file, line: line) { error in
      guard case CheckpointError.malformed = error else { return XCTFail("\(error)", file: file, line: line) }
      XCTAssertTrue("\(error)".contains(problem), "\(error) should tell: \(problem)", file: file, line: line)
    }
  }

  func assertUnsupported(
    _ problem: String, file: StaticString = #filePath, line: UInt = #line, _ body: () throws -> Checkpoint
  ) {
    XCTAssertThrowsError(try body(), problem, file: file, line: line) { error in
      guard case CheckpointError.unsupported = error else {
        return XCTFail("\(error)", file: file, line: line)
      }
      XCTAssertTrue("\(error)".contains(problem), "\(error) should tell: \(problem)", file: file, line: line)
    }
  }
}
