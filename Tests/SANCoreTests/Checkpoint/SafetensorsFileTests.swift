import Foundation
import SANCore
import TestSupport
import XCTest

final class SafetensorsFileTests: XCTestCase {
  private func file(_ header: String, _ data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
    littleEndian(length ?? UInt64(header.utf8.count)) + Array(header.utf8) + data
  }

  private func open(_ bytes: [UInt8]) throws -> Checkpoint {
    let folder = try TemporaryFolder()
    return try Checkpoint.open(path: folder.write(bytes, "file"))
  }

  func testReadsEveryFloatingPointType() throws {
    let header = """
      {"d":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},\
      "s":{"dtype":"F32","shape":[],"data_offsets":[16,20]},\
      "h":{"dtype":"F16","shape":[1,3],"data_offsets":[20,26]},\
      "b":{"dtype":"BF16","shape":[2,1],"data_offsets":[26,30]},\
      "e":{"dtype":"F32","shape":[0,4],"data_offsets":[30,30]},"__metadata__":{"format":"pt","é":"ü"}}
      """
    let data =
      littleEndian((-0.1).bitPattern) + littleEndian((1e300).bitPattern) + floatBytes([2.5])
      + [0x00, 0x3C, 0x01, 0x00, 0x00, 0xFC] + [0x80, 0x3F, 0x20, 0xC0]
    let checkpoint = try open(file(header, data))
    XCTAssertEqual(checkpoint.format, .safetensors)
    XCTAssertEqual(checkpoint.fileByteCount, 8 + header.utf8.count + 30)
    XCTAssertEqual(checkpoint.metadata, ["format": "pt", "é": "ü"])
    XCTAssertEqual(checkpoint.entries.map(\.name), ["d", "s", "h", "b", "e"])
    XCTAssertEqual(checkpoint.entries.map(\.type), [.float64, .float32, .float16, .bfloat16, .float32])
    XCTAssertEqual(try checkpoint.tensor("d").values, [-0.1, .infinity])
    XCTAssertEqual(try checkpoint.tensor("s").values, [2.5])
    XCTAssertEqual(try checkpoint.tensor("s").shape, [])
    XCTAssertEqual(try checkpoint.tensor("h").values, [1, 0x1p-24, -.infinity])
    XCTAssertEqual(try checkpoint.tensor("h").shape, [1, 3])
    XCTAssertEqual(try checkpoint.tensor("b").values, [1, -2.5])
    XCTAssertEqual(try checkpoint.tensor("e").values, [])
    XCTAssertEqual(try checkpoint.tensor("e").shape, [0, 4])
    XCTAssertThrowsError(try checkpoint.tensor("x")) {
      XCTAssertEqual($0 as? CheckpointError, .noSuchTensor(file: checkpoint.path, tensor: "x"))
    }
  }

  func testReadsSinglePrecisionAtAnyAddress() throws {
    let name = String(repeating: "x", count: 8)
    for padding in 0..<8 {
      let header =
        "{\"\(name)\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}"
        + String(repeating: " ", count: padding)
      let checkpoint = try open(file(header, floatBytes([1, -0.5, 3e38])))
      XCTAssertEqual(try checkpoint.tensor(name).values, [1, -0.5, 3e38], "\(padding)")
    }
  }

  /// The lengths 0x280 to 0x580 make a file begin with the bytes of a pickle's protocol.
  func testAHeaderLengthIsNotMistakenForAPickle() throws {
    for length in [0x280, 0x380, 0x480, 0x580] {
      let header = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
      let padded = header + String(repeating: " ", count: length - header.utf8.count)
      XCTAssertEqual(try open(file(padded, floatBytes([7]))).tensor("a").values, [7])
    }
  }

  func testASinglePrecisionTensorOutlivesItsCheckpoint() throws {
    let header = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  "#
    let tensor = try open(file(header, floatBytes([4, 5]))).tensor("a")
    XCTAssertEqual(tensor.values, [4, 5])
  }

  func testIntegersAreListedButNotRead() throws {
    let checkpoint = try open(
      file(#"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, floatBytes([4, 5])))
    XCTAssertEqual(checkpoint.entry("a")?.type, .int64)
    XCTAssertThrowsError(try checkpoint.tensor("a")) {
      XCTAssertEqual(
        $0 as? CheckpointError, .unsupportedElementType(file: checkpoint.path, tensor: "a", type: "I64"))
    }
  }

  func testGoldenFile() throws {
    let golden = try Checkpoint.open(path: Fixture.url("golden/toy.golden.safetensors").path)
    XCTAssertEqual(golden.entries.count, 20)
    for (name, shape, bits) in [
      ("clip.input", [1, 3, 64, 80], [0x3F21_39A6, 0x3EFF_1214, 0xBF09_10C3, 0x3F71_138B]),
      ("class_logits", [1, 10, 7], [0x4082_B344, 0x4085_B77C, 0x4030_BE7A, 0x4017_D9A8]),
      ("text_classifier", [7, 32], [0x3E8B_CD21, 0xBDE8_7F24, 0x3D82_0DE6, 0x3E1C_D2CD]),
      ("sem_seg", [6, 128, 160], [0x3B3A_CA5A, 0x3B3A_CA5A, 0x3BED_3451, 0x331D_5DA6]),
    ] as [(String, [Int], [UInt32])] {
      let tensor = try golden.tensor(name)
      let values = tensor.values
      XCTAssertEqual(tensor.shape, shape)
      let some = [values[0], values[1], values[values.count / 2], values[values.count - 1]]
      XCTAssertEqual(some.map(\.bitPattern), bits, name)
    }
  }

  func testRefusesBrokenHeaders() throws {
    let entry = #"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#
    let data = floatBytes([1, 2])
    for (bytes, problem) in [
      (file("{\"a\":\(entry)}", data, length: 1 << 20), "length of 1048576 bytes goes beyond the end"),
      (file("{\"a\":\(entry)}", data, length: 10), "ends within a string"),
      (file("{\"a\":\(entry),\"a\":\(entry)}", data), "the name \"a\" twice"),
      (file("{\"a\":\(entry),\"b\":\(entry)}", data), "\"b\": its bytes overlap another's"),
      (file("{\"a\":\(entry)}", data + [0]), "1 bytes at the end belong to no tensor"),
      (file("{\"a\":\(entry)}", data.dropLast()), "do not lie within the 7 bytes"),
      (file("{\"a\":\(entry)} x", data), "more text after the value"),
      (file("{\"a\":1}", data), "not made of dtype, shape and data_offsets"),
      (file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", data), "not made of dtype, shape and data_offsets"),
      (
        file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":0}}", data),
        "not made of dtype"
      ),
      (file("{\"__metadata__\":{\"a\":1}}"), "__metadata__ holds more than strings"),
      (file("{\"__metadata__\":[]}"), "__metadata__ is not an object"),
      (
        file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", data),
        "there is a gap before"
      ),
      (
        file("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", data),
        "does not take 8 bytes"
      ),
      (file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", data), "do not lie within"),
      (file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", data), "do not lie within"),
      (file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", data), "do not lie within"),
      (
        file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", data),
        "its shape is not a list"
      ),
      (
        file("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", data),
        "its shape is not a list"
      ),
      (
        file("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}", data),
        "its shape is not a list"
      ),
      (
        file("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387906],\"data_offsets\":[0,8]}}", data),
        "does not take 8 bytes"
      ),
      (
        file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}", data),
        "at most 8"
      ),
    ] as [([UInt8], String)] {
      XCTAssertThrowsError(try open(bytes), problem) { error in
        guard case CheckpointError.malformed = error else { return XCTFail("\(error)") }
        XCTAssertTrue("\(error)".contains(problem), "\(error) should tell: \(problem)")
      }
    }
    XCTAssertThrowsError(try open(file(#"{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}}"#, data))) {
      guard case CheckpointError.unsupportedElementType(_, "a", "\"F4\"") = $0 else {
        return XCTFail("\($0)")
      }
    }
  }

  func testRefusesWhatIsNoCheckpoint() throws {
    for (bytes, hint) in [
      ([], "it is empty"), (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "git lfs pull"),
      (Array("<!DOCTYPE html><html></html>".utf8), "web page"),
      (littleEndian(UInt64.max) + [0x7B], "get the file"),
      ([1, 2, 3], "get the file again"),
    ] {
      XCTAssertThrowsError(try open(bytes)) { error in
        guard case CheckpointError.unrecognised = error else { return XCTFail("\(error)") }
        XCTAssertTrue("\(error)".contains(hint), "\(error)")
      }
    }
  }

  func testFilesThatCannotBeOpened() throws {
    let folder = try TemporaryFolder()
    XCTAssertThrowsError(try Checkpoint.open(path: folder.path)) {
      XCTAssertEqual($0 as? FileError, .notAFile(path: folder.path))
    }
    let absent = folder.path("absent.safetensors")
    XCTAssertThrowsError(try Checkpoint.open(path: absent)) {
      XCTAssertEqual($0 as? FileError, .cannotOpen(path: absent, reason: "No such file or directory"))
    }
    let pipe = folder.path("pipe")
    XCTAssertEqual(mkfifo(pipe, 0o600), 0)
    XCTAssertThrowsError(try Checkpoint.open(path: pipe)) {
      XCTAssertEqual($0 as? FileError, .notAFile(path: pipe))
    }
  }

  func testMappedFileHoldsAllBytes() throws {
    let folder = try TemporaryFolder()
    for count in [0, 1, 4095, 4096, 4097] {
      let expected = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let file = try MappedFile(path: folder.write(expected, "\(count)"))
      XCTAssertEqual(file.byteCount, count)
      XCTAssertEqual(Array(file.bytes), expected)
    }
  }
}
