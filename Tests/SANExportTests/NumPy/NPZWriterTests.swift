import Foundation
import SANCore
import SANExport
import SANInference
import TestSupport
import XCTest

/// Archives of arrays against one that NumPy has read.
final class NPZWriterTests: XCTestCase {
  private let names = ["cat", #"a "b", c\d"#, "Ärger – 森 🐈", "line\nbreak\ttab", ""]
  private let shape = [5, 7, 11]
  private let scores: [Float] = (0..<385).map { index in Float(index % 97) / 8 - 3 }

  func testWholeArray() throws {
    let folder = try TemporaryFolder()
    let writer = try NPZWriter(folder.file("a.npz"))
    try writer.add("scores", of: Float.self, shape: shape)
    try scores.withUnsafeBufferPointer { try writer.write($0, at: 0) }
    try writer.add("classes", strings: names)
    XCTAssertFalse(try folder.contents().contains("a.npz"))
    try writer.commit()
    XCTAssertEqual(try folder.bytes("a.npz"), try Fixture.bytes("export/scores.npz"))
    XCTAssertEqual(try folder.contents(), ["a.npz"])
  }

  /// Bands of rows, out of their order.
  func testBands() throws {
    let folder = try TemporaryFolder()
    let writer = try NPZWriter(folder.file("a.npz"))
    try writer.add("scores", of: Float.self, shape: shape)
    for rows in [5..<7, 0..<1, 4..<5, 1..<4] {
      let band: [Float] = (0..<5).flatMap { k in
        scores[(k * 7 + rows.lowerBound) * 11..<(k * 7 + rows.upperBound) * 11]
      }
      try band.withUnsafeBufferPointer { try writer.write(band: $0, rows: rows) }
    }
    try writer.add("classes", strings: names)
    try writer.commit()
    XCTAssertEqual(try folder.bytes("a.npz"), try Fixture.bytes("export/scores.npz"))
  }

  /// What is not written is zero, at the end too.
  func testUnwrittenNumbers() throws {
    let folder = try TemporaryFolder()
    let array = [Float](repeating: 0, count: 300)
    for isWritten in [true, false] {
      let writer = try NPZWriter(folder.file("\(isWritten).npz"))
      try writer.add("a", of: Float.self, shape: [300])
      if isWritten { try array.withUnsafeBufferPointer { try writer.write($0, at: 0) } }
      try writer.commit()
    }
    XCTAssertEqual(try folder.bytes("true.npz"), try folder.bytes("false.npz"))
  }

  func testDroppedArchivesLeaveNothing() throws {
    let folder = try TemporaryFolder()
    try NPZWriter(folder.file("a.npz")).add("classes", strings: names)
    XCTAssertEqual(try folder.contents(), [])
  }

  func testChecksums() {
    // The check value that the catalogues of such sums list.
    var sum = CRC32(length: 9)
    Array("123456789".utf8).withUnsafeBytes { sum.add($0, at: 0) }
    XCTAssertEqual(sum.value, 0xCBF4_3926)
    XCTAssertEqual(CRC32(length: 0).value, 0)

    let bytes = noise(count: 1000, seed: 7)
    for cuts in [[0, 1000], [0, 1, 1000], [0, 3, 10, 500, 993, 1000]] {
      var sum = CRC32(length: 1000)
      for (start, end) in zip(cuts, cuts.dropFirst()).reversed() {
        Array(bytes[start..<end]).withUnsafeBytes { sum.add($0, at: start) }
      }
      XCTAssertEqual(sum.value, crc32(bytes), "\(cuts)")
    }
  }
}
