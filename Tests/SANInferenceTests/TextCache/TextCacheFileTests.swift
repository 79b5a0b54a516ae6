import SANCore
import SANInference
import TestSupport
import XCTest

/// The format of a cache's file, and what damage does to it.
final class TextCacheFileTests: XCTestCase {
  private let fingerprint = TextFingerprint(ProceduralModel.parameters(ProceduralModel.toyConfiguration))

  private func key(_ templates: PromptTemplates = .vild, width: Int = 3) -> TextCacheKey {
    TextCacheKey(fingerprint: fingerprint, templates: templates, width: width)
  }

  private func entry(_ name: String, _ values: [Float], isLong: Bool = false) -> (
    digest: [UInt8], value: CachedEmbedding
  ) {
    (key().classDigest(of: name), CachedEmbedding(values: values, wasTruncated: isLong))
  }

  private lazy var entries = [
    entry("cat", [0.25, -1, .ulpOfOne]), entry("dog", [0, 0.5, -0.5], isLong: true),
    entry("sky", [1, 0, -0]),
  ]
  private lazy var all = Dictionary(uniqueKeysWithValues: entries.map { ($0.digest, $0.value) })
  private lazy var bytes = TextCacheFile(key: key(), kernels: "portable").appending(entries)

  private func read(_ bytes: [UInt8]) -> [[UInt8]: CachedEmbedding] {
    TextCacheFile(bytes, key: key(), kernels: "portable")?.entries(Set(all.keys)) ?? [:]
  }

  func testRoundTrip() {
    XCTAssertEqual(read(bytes), all)
    XCTAssertEqual(bytes.count, 48 + 3 * (32 + 4 + 3 * 4 + 32))
    let one = TextCacheFile(bytes, key: key(), kernels: nil)?.entries([entries[1].digest])
    XCTAssertEqual(one, [entries[1].digest: entries[1].value])
  }

  func testEveryFlippedByte() {
    let size = 32 + 4 + 3 * 4 + 32
    for index in bytes.indices {
      for mask in [UInt8(1), 0x80, 0xFF] {
        var damaged = bytes
        damaged[index] ^= mask
        var expected = all
        if index < 48 {
          expected = [:]
        } else {
          expected[entries[(index - 48) / size].digest] = nil
        }
        XCTAssertEqual(read(damaged), expected, "byte \(index) ^ \(mask)")
      }
    }
  }

  func testEveryTruncation() {
    for count in bytes.indices {
      let whole = max(count - 48, 0) / 80
      XCTAssertEqual(
        read(Array(bytes[..<count])),
        Dictionary(uniqueKeysWithValues: entries[..<whole].map { ($0.digest, $0.value) }), "\(count) bytes")
    }
    XCTAssertEqual(read(bytes + [1, 2, 3]), all)
  }

  func testMovedEntries() {
    // Whole entries of another file, or with a part of another entry.
    let other = TextCacheFile(key: key(.plain), kernels: "portable").appending(entries)
    XCTAssertEqual(read(Array(bytes[..<48]) + other[48...]), [:])
    XCTAssertEqual(
      read(Array(bytes[..<(48 + 32)]) + bytes[(48 + 80 + 32)...]), [entries[2].digest: entries[2].value])
  }

  func testOtherKeys() throws {
    XCTAssertNil(TextCacheFile(bytes, key: key(.plain), kernels: "portable"))
    XCTAssertNil(TextCacheFile(bytes, key: key(), kernels: "avx2"))
    XCTAssertNil(TextCacheFile(bytes, key: key(), kernels: ""))
    XCTAssertNotNil(TextCacheFile(bytes, key: key(), kernels: nil))
    XCTAssertEqual(
      TextCacheFile(bytes, key: key(width: 4), kernels: nil)?.entries(Set(all.keys)), [:])
  }

  func testLaterEntriesTakeThePlaceOfEarlier() throws {
    let file = try XCTUnwrap(TextCacheFile(bytes, key: key(), kernels: "portable"))
    let (new, fox) = (entry("cat", [3, 2, 1]), entry("fox", [1, 2, 3]))
    let merged = file.appending([new, fox, entry("fox", [7, 7, 7])])
    XCTAssertEqual(merged.count, bytes.count + 80)
    XCTAssertEqual(read(merged)[new.digest], new.value)
    let found = TextCacheFile(merged, key: key(), kernels: nil)?.entries([fox.digest, entries[1].digest])
    XCTAssertEqual(found, [fox.digest: fox.value, entries[1].digest: entries[1].value])
  }

  func testTheOldestEntriesGo() throws {
    let key = key(width: 16_384)  // 65,604 bytes an entry: 255 fit
    func entries(_ range: Range<Int>) -> [(digest: [UInt8], value: CachedEmbedding)] {
      range.map {
        let values = [Float](repeating: Float($0), count: 16_384)
        return (key.classDigest(of: "\($0)"), CachedEmbedding(values: values, wasTruncated: false))
      }
    }
    func kept(_ bytes: [UInt8]) -> Set<Float> {
      XCTAssertLessThanOrEqual(bytes.count, TextCacheFile.maximumByteCount)
      let digests = Set((0..<300).map { key.classDigest(of: "\($0)") })
      let file = TextCacheFile(bytes, key: key, kernels: nil)
      return Set((file?.entries(digests) ?? [:]).values.map { $0.values[0] })
    }
    let empty = TextCacheFile(key: key, kernels: "avx2")
    let first = empty.appending(entries(0..<250))
    XCTAssertEqual(kept(first), Set((0..<250).map(Float.init)))
    let file = try XCTUnwrap(TextCacheFile(first, key: key, kernels: "avx2"))
    XCTAssertEqual(kept(file.appending(entries(250..<270))), Set((15..<270).map(Float.init)))
    XCTAssertEqual(kept(empty.appending(entries(0..<300))), Set((45..<300).map(Float.init)))
  }
}
