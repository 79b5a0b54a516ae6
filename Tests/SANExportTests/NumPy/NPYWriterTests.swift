import Foundation
import SANCore
import SANExport
import TestSupport
import XCTest

/// The files that NumPy reads.
final class NPYWriterTests: XCTestCase {
  private func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  /// Magic, version, length and a dictionary, padded so that the data start at a multiple of 64.
  func testHeader() throws {
    let folder = try TemporaryFolder()
    let writer = try NPYWriter<Float>(folder.file("a.npy"), shape: [2, 3, 4])
    try writer.commit()
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }"
    let padded = text + String(repeating: " ", count: 118 - text.utf8.count - 1) + "\n"
    XCTAssertEqual(
      try bytes(folder.file("a.npy")).prefix(128), [0x93] + "NUMPY".utf8 + [1, 0, 118, 0] + padded.utf8)
  }

  func testOneDimension() throws {
    let folder = try TemporaryFolder()
    let writer = try NPYWriter<UInt16>(folder.file("a.npy"), shape: [3])
    try writer.write([1, 2, 0x0304], at: 0)
    try writer.commit()
    let all = try bytes(folder.file("a.npy"))
    let header = "{'descr': '<u2', 'fortran_order': False, 'shape': (3,), }"
    XCTAssertEqual(String(decoding: all[10..<10 + header.utf8.count], as: UTF8.self), header)
    XCTAssertEqual(Array(all[128...]), [1, 0, 2, 0, 4, 3])
  }

  func testBandsMakeTheWholeArray() throws {
    let folder = try TemporaryFolder()
    let (classes, height, width) = (3, 7, 5)
    let values = (0..<classes * height * width).map(Float.init)
    let writer = try NPYWriter<Float>(folder.file("a.npy"), shape: [classes, height, width])
    for rows in [4..<7, 0..<1, 1..<4] {
      let band = (0..<classes).flatMap { k in
        values[(k * height + rows.lowerBound) * width..<(k * height + rows.upperBound) * width]
      }
      try band.withUnsafeBufferPointer { try writer.write(band: $0, rows: rows) }
    }
    try writer.commit()
    let data = try bytes(folder.file("a.npy")).dropFirst(128)
    XCTAssertEqual(data.count, values.count * 4)
    let read = data.withUnsafeBytes { raw in
      (0..<values.count).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
    XCTAssertEqual(read, values)
  }

  func testPipes() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("pipe")
    XCTAssertEqual(mkfifo(path, 0o600), 0)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    XCTAssertThrowsError(try NPYWriter<Float>(path, shape: [1])) {
      XCTAssertEqual($0 as? OutputFileError, .notSeekable(path: path))
    }
  }

  func testNothingIsLeftWithoutCommit() throws {
    let folder = try TemporaryFolder()
    do {
      let writer = try NPYWriter<Float>(folder.file("a.npy"), shape: [2])
      try writer.write([1], at: 0)
    }
    XCTAssertEqual(try folder.contents(), [])
  }
}
