import SANCore
import XCTest

/// The zip archive around a pickle.
final class PyTorchArchiveTests: PyTorchTestCase {
  func testSoundArchives() throws {
    for prefix in ["", "archive/", "san_vit/é/"] {
      for wide in [false, true] {
        for alignment in [1, 3, 64] {
          var builder = archive(one(whole).pickle, prefix: prefix)
          builder.wide = wide
          builder.alignment = alignment
          builder.comment = wide ? [] : Array("a comment".utf8)
          XCTAssertEqual(try open(builder.bytes).tensor("t").values, (0..<12).map(Float.init))
        }
      }
    }
    let old = ZipBuilder([("a/data.pkl", one(whole).pickle), ("a/data/0", data)])
    XCTAssertEqual(try open(old.bytes).tensor("t").values.count, 12)
  }

  private func archive(_ edit: (inout ZipBuilder) -> Void) -> [UInt8] {
    var builder = archive(one(whole).pickle)
    edit(&builder)
    return builder.bytes
  }

  func testCompressedAndEncryptedEntries() throws {
    for index in [0, 2] {
      assertUnsupported("it is compressed or encrypted") {
        try open(archive { $0.entries[index].method = 8 })
      }
      assertUnsupported("it is compressed or encrypted") { try open(archive { $0.entries[index].flags = 1 }) }
    }
  }

  func testBigEndianNumbers() throws {
    assertUnsupported("not little-endian") { try open(archive { $0.entries[1].data = Array("big".utf8) }) }
  }

  func testArchivesWithoutOnePickle() throws {
    for bytes in [
      archive { $0.entries.removeFirst() },
      archive { $0.entries.append(ZipBuilder.Entry(name: "data.pkl", data: [])) },
    ] {
      XCTAssertThrowsError(try open(bytes)) {
        guard case CheckpointError.unrecognised = $0 else { return XCTFail("\($0)") }
      }
    }
  }

  func testBrokenArchives() throws {
    for wide in [false, true] {
      for (problem, edit) in [
        ("twice", { $0.entries.append($0.entries[0]) }),
        ("its local header does not match", { $0.entries[2].localName = "archive/data/1" }),
        ("its local header does not match", { $0.entries[2].headerOffset = 7 }),
        ("its local header does not match", { $0.entries[2].headerOffset = 1 << 31 }),
        ("its bytes lie outside of the archive", { $0.entries[2].size = 1 << 30 }),
      ] as [(String, (inout ZipBuilder) -> Void)] {
        assertMalformed(problem) {
          try open(
            archive {
              $0.wide = wide
              edit(&$0)
            })
        }
      }
    }
    assertMalformed("its bytes lie outside") {
      try open(
        archive {
          $0.wide = true
          $0.entries[2].size = .max
        })
    }
    assertMalformed("its local header does not match") {
      try open(
        archive {
          $0.wide = true
          $0.entries[2].headerOffset = .max
        })
    }
    let sound = archive { _ in }
    assertMalformed("its end is missing") { try open(sound.dropLast()) }
    assertMalformed("its end is missing") { try open(sound + [0]) }
    assertMalformed("its end is missing") { try open(Array(sound.prefix(100))) }
    assertMalformed("its directory lies outside") { try open(Array(sound.prefix(4)) + sound.suffix(22)) }
  }
}
