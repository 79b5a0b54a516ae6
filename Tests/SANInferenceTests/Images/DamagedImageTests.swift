import Foundation
import SANInference
import TestSupport
import XCTest

/// Hostile and broken files: a typed error or a picture, never a crash, never a half picture.
final class DamagedImageTests: XCTestCase {
  private func names() throws -> [String] {
    try ImageFixtures.load().index.pictures.map(\.name)
  }

  /// Every fixture cut at every length is an error, unless all of its rows are there: then a note says what is not.
  func testTruncation() throws {
    let names = [
      "baseline420.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg", "rgb8.png", "palette4_interlaced.png",
    ]
    for name in names {
      let whole = try Fixture.bytes("images/\(name)")
      let sound = try RGBImage(decoding: whole, name: name)
      var withNote = 0
      for length in 0..<whole.count {
        switch decoding(Array(whole.prefix(length)), name) {
        case .success(let image):
          // JPEG's end marker; PNG's end chunk, the checksum before it, and the one of the compressed pixels.
          XCTAssertGreaterThanOrEqual(length, whole.count - (name.hasSuffix("jpg") ? 2 : 20), name)
          XCTAssertEqual(image.pixels, sound.pixels, name)
          XCTAssertEqual(image.notes.count, 1, name)
          withNote += 1
        case .failure(.damaged(name, _, _)) where length >= 8: break
        case .failure(.empty(name)) where length == 0: break
        case .failure(.unsupportedFormat(name, _)) where length < 8: break
        case .failure(.damaged(name, .jpeg, _)) where length >= 3: break
        case .failure(let error): XCTFail("\(name) cut at \(length): \(error)")
        }
      }
      XCTAssertGreaterThanOrEqual(withNote, 2, name)
    }
  }

  /// A wrong checksum of metadata is a note; of transparent colours, on which pixels depend, it is damage.
  func testChecksumsOfMetadata() throws {
    let sound = try Fixture.bytes("images/orientation6.png")
    let upright = try RGBImage(decoding: sound, name: "x")
    let chunk = try XCTUnwrap(sound.indices.first { sound[$0...].starts(with: "eXIf".utf8) })
    var damaged = sound
    damaged[chunk + 12] ^= 1
    let image = try RGBImage(decoding: damaged, name: "x")
    XCTAssertEqual(image.notes, ["the checksum of its metadata (eXIf) is wrong"])
    // An orientation that may be wrong is not believed.
    XCTAssertEqual([image.width, image.height], [upright.height, upright.width])

    damaged = try Fixture.bytes("images/rgb8_transparent.png")
    let colors = try XCTUnwrap(damaged.indices.first { damaged[$0...].starts(with: "tRNS".utf8) })
    damaged[colors + 5] ^= 1
    XCTAssertThrowsError(try RGBImage(decoding: damaged, name: "x")) {
      guard case .damaged("x", .png, _)? = $0 as? ImageError else { return XCTFail("\($0)") }
    }
  }

  /// A note that nothing but the end is missing is not given where scans are.
  func testProgressiveWithoutItsLastScan() throws {
    let whole = try Fixture.bytes("images/progressive.jpg")
    let scans = whole.indices.dropLast().filter { whole[$0] == 0xFF && whole[$0 + 1] == 0xDA }
    let last = try XCTUnwrap(scans.last)
    let cut = Array(whole[..<last])
    XCTAssertThrowsError(try RGBImage(decoding: cut, name: "x")) {
      guard case .damaged("x", .jpeg, _)? = $0 as? ImageError else { return XCTFail("\($0)") }
    }
    let coarse = try RGBImage(decoding: cut, name: "x", cutPictures: .allowed)
    XCTAssertEqual(coarse.notes, ["it is cut short: its finer detail is missing"])
    XCTAssertNil(coarse.missing)
    // Without all of the first scan there are parts of which nothing is known.
    let first = Array(whole[..<(scans[0] + 20)])
    XCTAssertThrowsError(try RGBImage(decoding: first, name: "x", cutPictures: .allowed))
  }

  /// What follows the end of the picture is ignored, as cameras put things there.
  func testTrailingBytes() throws {
    for name in ["baseline420.jpg", "rgb8.png"] {
      let whole = try Fixture.bytes("images/\(name)")
      XCTAssertEqual(
        try RGBImage(decoding: whole + noise(count: 5000, seed: 1), name: name),
        try RGBImage(decoding: whole, name: name))
    }
  }

  /// Every single-bit error in a PNG is seen, its chunks having check sums; in its end, after every pixel, it is a note.
  func testPNGCheckSums() throws {
    var whole = try Fixture.bytes("images/palette8.png")
    let sound = try RGBImage(decoding: whole, name: "x")
    for bit in 8 * 8..<whole.count * 8 {
      whole[bit / 8] ^= 1 << (bit % 8)
      if case .success(let image) = decoding(whole, "x") {
        XCTAssertGreaterThanOrEqual(bit / 8, whole.count - 12, "bit \(bit)")
        XCTAssertEqual(image.pixels, sound.pixels)
        XCTAssertEqual(image.notes.count, 1)
      }
      whole[bit / 8] ^= 1 << (bit % 8)
    }
  }

  /// Thousands of seeded mutations of every fixture.
  func testMutations() throws {
    let files = try names().map { ($0, try Fixture.bytes("images/\($0)")) }
    var random = SplitMix(state: 2302_12242)
    var outcomes = (pictures: 0, errors: 0)
    for (number, (name, whole)) in files.enumerated() {
      for _ in 0..<150 {
        var bytes = Self.mutate(
          whole, with: files[(number + random.below(files.count)) % files.count].1, &random)
        if whole.starts(with: [0x89]) && random.below(2) == 0 { repairCheckSums(&bytes) }
        do {
          let image = try RGBImage(decoding: bytes, name: name)
          XCTAssertEqual(image.pixels.count, image.width * image.height * 3)
          outcomes.pictures += 1
        } catch {
          outcomes.errors += 1
        }
        if let labels = try? LabelImage(decoding: bytes, name: name) {
          XCTAssertEqual(labels.labels.count, labels.width * labels.height)
        }
      }
    }
    // Both happen often, so the mutations are neither harmless nor all caught at the first byte.
    XCTAssertGreaterThan(outcomes.pictures, 500)
    XCTAssertGreaterThan(outcomes.errors, 3000)
  }

  static func mutate(_ whole: [UInt8], with other: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = whole
    switch random.below(4) {
    case 0:
      for _ in 0...random.below(8) { bytes[random.below(bytes.count)] ^= 1 << random.below(8) }
    case 1:
      for _ in 0...random.below(4) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
    case 2:
      bytes.removeLast(random.below(bytes.count))
    default:
      let start = random.below(bytes.count)
      let from = random.below(other.count)
      let end = min(bytes.count, start + random.below(64))
      bytes.replaceSubrange(start..<end, with: other[from..<min(other.count, from + random.below(64))])
    }
    return bytes
  }

  /// Makes a mutated PNG's check sums right, so that what is behind them is reached.
  private func repairCheckSums(_ bytes: inout [UInt8]) {
    var at = 8
    while at + 12 <= bytes.count {
      let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      guard at + 12 + length <= bytes.count else { return }
      let sum = crc32(Array(bytes[at + 4..<at + 8 + length]))
      for i in 0..<4 { bytes[at + 8 + length + i] = UInt8(sum >> (24 - 8 * i) & 255) }
      at += 12 + length
    }
  }

  /// Headers that claim huge pictures, in files of a few bytes.
  func testHugeClaims() throws {
    var png = try Fixture.bytes("images/rgb8.png")
    func claim(_ width: UInt32, _ height: UInt32) {
      for i in 0..<4 {
        png[16 + i] = UInt8(width >> (24 - 8 * UInt32(i)) & 255)
        png[20 + i] = UInt8(height >> (24 - 8 * UInt32(i)) & 255)
      }
      repairCheckSums(&png)
    }
    claim(60_000, 60_000)
    XCTAssertThrowsError(try RGBImage(decoding: png, name: "x")) {
      XCTAssertEqual($0 as? ImageError, .tooManyPixels(name: "x", width: 60_000, height: 60_000))
    }
    claim(1, 70_000)
    XCTAssertThrowsError(try RGBImage(decoding: png, name: "x")) {
      XCTAssertEqual($0 as? ImageError, .tooManyPixels(name: "x", width: 1, height: 70_000))
    }
    claim(12_000, 9_000)
    XCTAssertThrowsError(try RGBImage(decoding: png, name: "x")) {
      let reason = "\(png.count) bytes cannot hold 12000×9000 pixels"
      XCTAssertEqual($0 as? ImageError, .damaged(name: "x", format: .png, reason: reason))
    }
    for (width, height) in [(UInt32.max, 1), (0, 5), (5, 0), (1 << 31, 1)] {
      claim(width, UInt32(height))
      XCTAssertThrowsError(try RGBImage(decoding: png, name: "x")) {
        guard case .damaged("x", .png, _)? = $0 as? ImageError else { return XCTFail("\($0)") }
      }
    }

    for name in ["baseline420.jpg", "progressive.jpg"] {
      var jpeg = try Fixture.bytes("images/\(name)")
      let frame = try XCTUnwrap(
        jpeg.indices.first { jpeg[$0] == 0xFF && [0xC0, 0xC2].contains(jpeg[$0 + 1]) && jpeg[$0 + 2] == 0 })
      jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xEA, 0x60, 0xEA, 0x60])
      XCTAssertThrowsError(try RGBImage(decoding: jpeg, name: "x")) {
        XCTAssertEqual($0 as? ImageError, .tooManyPixels(name: "x", width: 60_000, height: 60_000))
      }
      jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0x3E, 0x80, 0x3E, 0x80])
      XCTAssertThrowsError(try RGBImage(decoding: jpeg, name: "x")) {
        let reason = "\(jpeg.count) bytes cannot hold 16000×16000 pixels"
        XCTAssertEqual($0 as? ImageError, .damaged(name: "x", format: .jpeg, reason: reason))
      }
    }
  }

  /// Twelve bits a sample is JPEG, but not read here; the error says so.
  func testTwelveBitJPEG() throws {
    var jpeg = try Fixture.bytes("images/baseline444.jpg")
    let frame = try XCTUnwrap(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg[frame + 4] = 12
    XCTAssertThrowsError(try RGBImage(decoding: jpeg, name: "x")) {
      guard case .unsupportedKind("x", .jpeg, _)? = $0 as? ImageError else { return XCTFail("\($0)") }
    }
  }
}

/// A small seeded generator.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// A number from 0 to `bound` − 1.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
