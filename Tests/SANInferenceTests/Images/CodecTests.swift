import Foundation
import SANInference
import TestSupport
import XCTest

/// The formats whose libraries are found at run time, and GIF and BMP, against Pillow's pixels of the same file. With
/// SAN_CODEC_FIXTURES another folder's files are read: `Scripts/check-codecs` makes them anew.
final class CodecTests: XCTestCase {
  private static let folder =
    ProcessInfo.processInfo.environment["SAN_CODEC_FIXTURES"].map { URL(fileURLWithPath: $0) }
    ?? Fixture.url("codecs")

  func testWebP() throws { try check("webp", count: 9) }
  func testTIFF() throws { try check("tif", count: 35) }
  func testGIF() throws { try check("gif", count: 8) }
  func testBMP() throws { try check("bmp", count: 15) }
  func testHEIC() throws { try check("heic", count: 8) }
  func testAVIF() throws { try check("avif", count: 7) }

  private func check(_ ending: String, count: Int) throws {
    let (index, expected) = try ImageFixtures.load(Self.folder)
    let pictures = index.pictures.filter { $0.name.hasSuffix(".\(ending)") }
    XCTAssertEqual(pictures.count, count)
    for picture in pictures {
      let name = picture.name
      let image = try decode(name)
      XCTAssertEqual([image.width, image.height], [picture.width, picture.height], name)
      let (pixels, alpha) = picture.expected(in: expected)
      XCTAssertEqual(image.pixels.count, pixels.count, name)
      let furthest = zip(image.pixels, pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
      XCTAssertLessThanOrEqual(furthest, Self.isOwnLibrary ? 0 : picture.near ?? 0, name)
      XCTAssertEqual(image.alpha, alpha, name)
      XCTAssertEqual(image.notes, [], name)
    }
  }

  /// Whether the libraries are those that Pillow itself decodes with, so that no pixel may differ.
  private static let isOwnLibrary = ProcessInfo.processInfo.environment["SAN_CODEC_LIBRARIES"] == "pillow"

  private func decode(_ name: String) throws -> RGBImage {
    switch decoding(try bytes(name), name) {
    case .success(let image): return image
    case .failure(let error):
      if case .missingLibrary = error { throw XCTSkip(error.description) }
      throw error
    }
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: Self.folder.appendingPathComponent(name)))
  }

  /// What a page of numbers that are no colours says.
  func testKindsOfTIFFThatAreNotRead() throws {
    // Width, height, bits, compression, photometric, offset, samples, rows per strip, bytes, format: one pixel.
    func file(_ changes: [UInt8: UInt8]) -> [UInt8] {
      let fields: [(UInt8, UInt8)] = [
        (0, 1), (1, 1), (2, 8), (3, 1), (6, 1), (17, 122), (21, 1), (22, 1), (23, 4), (83, 1),
      ]
      var bytes: [UInt8] = [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, UInt8(fields.count), 0]
      for (tag, value) in fields { bytes += [tag, 1, 3, 0, 1, 0, 0, 0, changes[tag] ?? value, 0, 0, 0] }
      return bytes + [0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7]
    }
    _ = try decode("plain.tif")  // skips where there is no library
    XCTAssertEqual(try RGBImage(decoding: file([17: 134]), name: "x").pixels, [7, 7, 7])
    let cases: [([UInt8: UInt8], String)] = [
      ([2: 32, 83: 3, 17: 134], "floating-point"), ([2: 32, 17: 134], "32 bits"),
      ([6: 8, 17: 134], "kind 8"),
      ([83: 2, 17: 134], "format 2"), ([3: 6, 17: 134], "number 6"), ([3: 77, 17: 134], "number 77"),
    ]
    for (changes, words) in cases {
      XCTAssertThrowsError(try RGBImage(decoding: file(changes), name: "x")) {
        guard case .unsupportedKind("x", .tiff, let reason)? = $0 as? ImageError else {
          return XCTFail("\($0)")
        }
        XCTAssertTrue(reason.contains(words), reason)
      }
    }
  }

  /// Every kind cut at many lengths: an error that names the file, or a picture that is whole. With cut pictures allowed,
  /// what is there is as in the whole picture, and what is not is said.
  func testCutFiles() throws {
    let (index, _) = try ImageFixtures.load(Self.folder)
    var rowsFound: [String: Int] = [:]
    // WebP has its orientation after the picture, so a cut file lies on its side.
    for picture in index.pictures
    where !picture.name.hasPrefix("orientation") || !picture.name.hasSuffix("webp") {
      let name = picture.name
      guard let sound = try? decode(name) else { continue }  // skipped above where there is no library
      let whole = try bytes(name)
      for length in stride(from: 0, to: whole.count, by: max(1, whole.count / 60)) {
        let cut = Array(whole.prefix(length))
        switch decoding(cut, name) {
        case .success(let image): XCTAssertEqual(image.pixels, sound.pixels, "\(name) cut at \(length)")
        case .failure(let error): XCTAssertTrue("\(error)".hasPrefix("\(name): "), "\(error)")
        }
        guard let part = try? RGBImage(decoding: cut, name: name, cutPictures: .allowed) else { continue }
        XCTAssertEqual([part.width, part.height], [sound.width, sound.height])
        guard let missing = part.missing else {
          XCTAssertEqual(part.pixels, sound.pixels, "\(name) cut at \(length)")
          continue
        }
        rowsFound[picture.name, default: 0] += 1
        XCTAssertEqual(part.notes.count, 1)
        for y in 0..<part.height {
          for x in 0..<part.width {
            let isMissing = missing.rows.contains(y) && missing.columns.contains(x)
            for channel in 0..<3 {
              let at = (y * part.width + x) * 3 + channel
              let expected = isMissing ? RGBImage.background : sound.pixels[at]
              if part.pixels[at] != expected { return XCTFail("\(name) cut at \(length), (\(x), \(y))") }
            }
          }
        }
      }
    }
    // Of these, and of those like them, there is a part whenever there is a row.
    for name in ["plain.gif", "interlaced.gif", "rgb24.bmp", "top_down.bmp", "runs8.bmp"] {
      XCTAssertGreaterThan(rowsFound[name] ?? 0, 5, name)
    }
    if (try? decode("lossy.webp")) != nil { XCTAssertGreaterThan(rowsFound["lossless.webp"] ?? 0, 2) }
  }

  /// Thousands of seeded mutations of every file: a picture or an error that names it, never a crash.
  func testMutations() throws {
    let (index, _) = try ImageFixtures.load(Self.folder)
    let files = try index.pictures.map { ($0.name, try bytes($0.name)) }
    var random = SplitMix(state: 19)
    var outcomes = (pictures: 0, errors: 0)
    for (name, whole) in files {
      for _ in 0..<60 {
        let bytes = DamagedImageTests.mutate(whole, with: files[random.below(files.count)].1, &random)
        let cutPictures: CutPictures = random.below(2) == 0 ? .allowed : .refused
        switch decoding(bytes, name, cutPictures: cutPictures) {
        case .success(let image):
          XCTAssertEqual(image.pixels.count, image.width * image.height * 3)
          outcomes.pictures += 1
        case .failure(let error):
          XCTAssertTrue("\(error)".hasPrefix("\(name): "), "\(error)")
          XCTAssertFalse("\(error)".contains("\n"), "\(error)")
          outcomes.errors += 1
        }
      }
    }
    XCTAssertGreaterThan(outcomes.pictures, 300)
    XCTAssertGreaterThan(outcomes.errors, 300)
  }

  /// Sizes that so few bytes cannot hold, or that nothing may have.
  func testHugeClaims() throws {
    func claim(_ file: String, at offset: Int, _ claimed: [UInt8]) throws -> ImageError? {
      var data = try bytes(file)
      data.replaceSubrange(offset..<offset + claimed.count, with: claimed)
      if case .failure(let error) = decoding(data, "x") { return error }
      return nil
    }
    XCTAssertEqual(
      try claim("rgb24.bmp", at: 18, [0x60, 0xEA, 0, 0, 0x60, 0xEA, 0, 0]),
      .tooManyPixels(name: "x", width: 60_000, height: 60_000))
    XCTAssertEqual(
      try claim("runs8.bmp", at: 18, [255, 255, 255, 127, 255, 255, 255, 127]),
      .tooManyPixels(name: "x", width: Int(Int32.max), height: Int(Int32.max)))
    let size = try bytes("rgb24.bmp").count
    let reason = "\(size) bytes cannot hold 16000×16000 pixels"
    XCTAssertEqual(
      try claim("rgb24.bmp", at: 18, [0x80, 0x3E, 0, 0, 0x80, 0x3E, 0, 0]),
      .damaged(name: "x", format: .bmp, reason: reason))
  }
}
