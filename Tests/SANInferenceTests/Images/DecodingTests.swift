import Foundation
import SANCore
import SANInference
import TestSupport
import XCTest

/// Every kind of JPEG and PNG against Pillow's pixels of the same file.
final class DecodingTests: XCTestCase {
  func testEveryFixtureEqualsPillow() throws {
    let (index, expected) = try ImageFixtures.load()
    XCTAssertEqual(index.pictures.count, 62)
    for picture in index.pictures {
      let image = try RGBImage(decoding: Fixture.bytes("images/\(picture.name)"), name: picture.name)
      XCTAssertEqual([image.width, image.height], [picture.width, picture.height], picture.name)
      let (pixels, alpha) = picture.expected(in: expected)
      let wrong = zip(image.pixels, pixels).filter { $0 != $1 }
      XCTAssertEqual(wrong.count, 0, "\(picture.name): \(wrong.prefix(5))")
      XCTAssertEqual(image.pixels.count, pixels.count, picture.name)
      XCTAssertEqual(image.alpha, alpha, picture.name)
      XCTAssertEqual(image.notes, [], picture.name)
      XCTAssertNil(image.missing, picture.name)
    }
    // RGBA, grey with alpha, and transparent colours of palettes, RGB and grey.
    XCTAssertEqual(index.pictures.filter { $0.alpha != nil }.count, 11)
  }

  /// Whatever colour a wholly transparent pixel has, it is the same white.
  func testColoursUnderFullTransparencyDoNotCount() throws {
    let (width, height) = (5, 3)
    for seed: UInt32 in [1, 2] {
      var pixels = noise(count: width * height * 4, seed: seed)
      for i in 0..<width * height { pixels[4 * i + 3] = 0 }
      let file = try PNGWriter.encode(rgba: pixels, width: width, height: height)
      let image = try RGBImage(decoding: file, name: "clear.png")
      XCTAssertEqual(image.pixels, Array(repeating: RGBImage.background, count: width * height * 3))
      XCTAssertEqual(image.alpha, Array(repeating: 0, count: width * height))
    }
  }

  func testLabelsAreReadAsStored() throws {
    let (index, expected) = try ImageFixtures.load()
    let pictures = index.pictures.filter { $0.labels != nil }
    XCTAssertEqual(pictures.count, 18)
    for picture in pictures {
      let image = try LabelImage(decoding: Fixture.bytes("images/\(picture.name)"), name: picture.name)
      let start = try XCTUnwrap(picture.labels)
      let labels = (0..<picture.width * picture.height).map {
        UInt16(expected[start + 2 * $0]) | UInt16(expected[start + 2 * $0 + 1]) << 8
      }
      XCTAssertEqual(image.width, picture.width, picture.name)
      XCTAssertEqual(image.labels, labels, picture.name)
    }
  }

  func testColoursAreNoLabels() throws {
    for name in ["rgb8.png", "rgba16.png", "grey_alpha8.png"] {
      XCTAssertThrowsError(try LabelImage(decoding: Fixture.bytes("images/\(name)"), name: name)) {
        XCTAssertEqual(
          $0 as? ImageError,
          .notLabels(name: name, found: "a PNG of colours"))
      }
    }
    XCTAssertThrowsError(try LabelImage(decoding: Fixture.bytes("images/grey.jpg"), name: "grey.jpg")) {
      XCTAssertEqual($0 as? ImageError, .notLabels(name: "grey.jpg", found: "JPEG"))
    }
  }

  func testAFileReadsAsItsBytes() throws {
    let path = Fixture.url("images/progressive.jpg").path
    let bytes = try Fixture.bytes("images/progressive.jpg")
    XCTAssertEqual(try RGBImage(contentsOf: path), try RGBImage(decoding: bytes, name: "bytes"))
    let labels = Fixture.url("images/palette4.png").path
    XCTAssertEqual(
      try LabelImage(contentsOf: labels),
      try LabelImage(decoding: Fixture.bytes("images/palette4.png"), name: "bytes"))
  }

  func testAFileLargerThanAPipeReadsWhole() throws {
    let folder = try TemporaryFolder()
    let image = try RGBImage(width: 300, height: 200, pixels: noise(count: 180_000, seed: 3))
    try AtomicFile.write(PNGWriter.encode(image), to: folder.file("noise.png"))
    XCTAssertEqual(try RGBImage(contentsOf: folder.file("noise.png")), image)
  }

  func testFilesThatCannotBeRead() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write("", to: folder.file("empty.png"))
    try AtomicFile.write("8BPS, layers of a picture", to: folder.file("old.jpg"))
    let missing = folder.file("none.jpg")
    let cases: [(String, ImageError)] = [
      (folder.path, .unreadable(name: folder.path, reason: "it is a folder")),
      (missing, .unreadable(name: missing, reason: "No such file or directory")),
      (folder.file("empty.png"), .empty(name: folder.file("empty.png"))),
      (
        folder.file("old.jpg"),
        .unsupportedFormat(name: folder.file("old.jpg"), format: "a Photoshop file (PSD)")
      ),
    ]
    for (path, expected) in cases {
      XCTAssertThrowsError(try RGBImage(contentsOf: path)) { XCTAssertEqual($0 as? ImageError, expected) }
    }
  }

  func testOtherFormatsAreNamed() {
    let raw = "a camera's raw file"
    let cases: [(String?, [UInt8])] = [
      ("JPEG 2000", [0, 0, 0, 12] + Array("jP  \r\n".utf8)),
      ("JPEG 2000", [0xFF, 0x4F, 0xFF, 0x51, 0, 0x2F]),
      ("JPEG XL", [0, 0, 0, 12] + Array("JXL \r\n".utf8)),
      ("JPEG XL", [0xFF, 0x0A, 0, 0]),
      (raw, [0, 0, 0, 24] + Array("ftypcrx ".utf8)),
      (raw, Array("FUJIFILMCCD-RAW 0201".utf8)),
      (raw, Array("IIRO\u{8}\0\0\0".utf8)),
      (raw, Array("IIU\0\u{18}\0\0\0".utf8)),
      ("a film", [0, 0, 0, 24] + Array("ftypisom".utf8)),
      ("a damaged JPEG", [0xFF, 0xD8]),
      (nil, Array("hello".utf8)),
      (nil, [0]),
    ]
    for (format, bytes) in cases {
      XCTAssertThrowsError(try RGBImage(decoding: bytes, name: "x")) {
        XCTAssertEqual($0 as? ImageError, .unsupportedFormat(name: "x", format: format))
      }
    }
    XCTAssertThrowsError(try RGBImage(decoding: [], name: "x")) {
      XCTAssertEqual($0 as? ImageError, .empty(name: "x"))
    }
  }

  func testFormatsAreKnownByTheirFirstBytes() {
    let ftyp: (String) -> [UInt8] = { [0, 0, 0, 24] + Array("ftyp".utf8) + Array($0.utf8) }
    let cases: [(ImageFormat, [UInt8])] = [
      (.webP, Array("RIFF\u{1}\u{2}\u{3}\u{4}WEBPVP8 ".utf8)), (.gif, Array("GIF87a".utf8)),
      (.gif, Array("GIF89a".utf8)), (.bmp, Array("BM......".utf8)),
      (.tiff, [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0]),
      (.tiff, [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8]), (.tiff, [0x4D, 0x4D, 0, 0x2B, 0, 8, 0, 0]),
      (.heif, ftyp("heic\0\0\0\0mif1heic")), (.heif, ftyp("mif1\0\0\0\0mif1heic")),
      (.avif, ftyp("avif\0\0\0\0avifmif1")), (.avif, ftyp("mif1\0\0\0\0mif1avif")),
      (.jpeg, [0xFF, 0xD8, 0xFF]),
    ]
    for (format, bytes) in cases { XCTAssertEqual(ImageFormat(firstBytes: bytes), format) }
  }

  /// Kinds of formats that are read which are other formats, by all but their first bytes.
  func testKindsThatAreNotReadAreNamed() throws {
    var jpegLS: [UInt8] = [0xFF, 0xD8, 0xFF, 0xF7, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0]
    jpegLS += [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, 0, 0, 0xFF, 0xD9]
    let png = Array("\u{1A}\n\0\0\0\u{4}CgBI".utf8)
    let cgbi: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A] + png + Array(repeating: 0, count: 30)
    // Canon's mark; and a directory with DNG's version.
    let cr2: [UInt8] =
      [0x49, 0x49, 0x2A, 0, 16, 0, 0, 0] + Array("CR\u{2}\0".utf8) + Array(repeating: 0, count: 20)
    let dng: [UInt8] =
      [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0, 0x12, 0xC6, 1, 0, 4, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0]
    let cases: [([UInt8], ImageFormat, String)] = [
      (jpegLS, .jpeg, "JPEG-LS"), (cgbi, .png, "CgBI"), (cr2, .tiff, "raw"), (dng, .tiff, "raw"),
    ]
    for (bytes, format, word) in cases {
      XCTAssertThrowsError(try RGBImage(decoding: bytes, name: "x")) {
        guard case .unsupportedKind("x", format, let reason)? = $0 as? ImageError else {
          return XCTFail("\($0)")
        }
        XCTAssertTrue(reason.contains(word), reason)
      }
    }
  }

  func testEndings() {
    let endings = ImageFormat.allCases.flatMap(\.endings)
    XCTAssertEqual(
      endings,
      [
        "jpg", "jpeg", "jpe", "jif", "jfif", "mpo", "png", "apng", "webp", "heic", "heif", "hif", "avif",
        "tif", "tiff",
        "gif", "bmp", "dib",
      ])
  }

  func testErrorsAreOneLineThatNamesTheFile() {
    let errors: [ImageError] = [
      .unreadable(name: "a.png", reason: "r"), .empty(name: "a.png"),
      .unsupportedFormat(name: "a.png", format: "GIF"), .unsupportedFormat(name: "a.png", format: nil),
      .unsupportedKind(name: "a.png", format: .jpeg, reason: "r"),
      .missingLibrary(name: "a.png", format: .webP, library: "l", advice: "a"),
      .damaged(name: "a.png", format: .png, reason: "r"), .tooManyPixels(name: "a.png", width: 9, height: 9),
      .fileTooLarge(name: "a.png", bytes: 9), .outOfMemory(name: "a.png", width: 9, height: 9),
    ]
    for error in errors {
      XCTAssertTrue("\(error)".hasPrefix("a.png: "), "\(error)")
      XCTAssertFalse("\(error)".contains("\n"), "\(error)")
    }
  }

  func testRawPixels() throws {
    let image = try RGBImage(width: 2, height: 1, pixels: [1, 2, 3, 4, 5, 6])
    XCTAssertEqual(image.pixels, [1, 2, 3, 4, 5, 6])
    let cases: [(Int, Int, Int?)] = [
      (2, 2, 12), (1, 1, 3), (0, 2, nil), (-1, -2, nil), (65_536, 1, nil), (65_535, 65_535, nil),
      (.max, .max, nil), (.min, 1, nil),
    ]
    for (width, height, expected) in cases {
      XCTAssertThrowsError(try RGBImage(width: width, height: height, pixels: image.pixels)) {
        XCTAssertEqual(
          $0 as? ImageError,
          .wrongPixelCount(width: width, height: height, expected: expected, actual: 6))
      }
    }
    XCTAssertThrowsError(try LabelImage(width: 2, height: 2, labels: [1])) {
      XCTAssertEqual(
        $0 as? ImageError, .wrongPixelCount(width: 2, height: 2, expected: 4, actual: 1))
    }
  }
}
