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
      let pixels = expected[picture.rgb..<picture.rgb + picture.width * picture.height * 3]
      let wrong = zip(image.pixels, pixels).filter { $0 != $1 }
      XCTAssertEqual(wrong.count, 0, "\(picture.name): \(wrong.prefix(5))")
      XCTAssertEqual(image.pixels.count, pixels.count, picture.name)
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
          .unsupportedKind(name: name, format: .png, reason: "its pixels are colours, not labels"))
      }
    }
    XCTAssertThrowsError(try LabelImage(decoding: Fixture.bytes("images/grey.jpg"), name: "grey.jpg")) {
      XCTAssertEqual($0 as? ImageError, .unsupportedFormat(name: "grey.jpg", format: "JPEG"))
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
    try AtomicFile.write("GIF89a, a picture from 1989", to: folder.file("old.jpg"))
    let missing = folder.file("none.jpg")
    let cases: [(String, ImageError)] = [
      (folder.path, .unreadable(name: folder.path, reason: "it is a folder")),
      (missing, .unreadable(name: missing, reason: "No such file or directory")),
      (folder.file("empty.png"), .empty(name: folder.file("empty.png"))),
      (folder.file("old.jpg"), .unsupportedFormat(name: folder.file("old.jpg"), format: "GIF")),
    ]
    for (path, expected) in cases {
      XCTAssertThrowsError(try RGBImage(contentsOf: path)) { XCTAssertEqual($0 as? ImageError, expected) }
    }
  }

  func testOtherFormatsAreNamed() {
    let cases: [(String?, [UInt8])] = [
      ("WebP", Array("RIFF\u{1}\u{2}\u{3}\u{4}WEBPVP8 ".utf8)),
      ("GIF", Array("GIF87a".utf8)),
      ("BMP", Array("BM......".utf8)),
      ("TIFF", [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0]),
      ("TIFF", [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8]),
      ("HEIC", [0, 0, 0, 24] + Array("ftypheic".utf8)),
      ("HEIC", [0, 0, 0, 24] + Array("ftypmif1".utf8)),
      ("AVIF", [0, 0, 0, 24] + Array("ftypavif".utf8)),
      ("JPEG 2000", [0, 0, 0, 12] + Array("jP  \r\n".utf8)),
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

  func testErrorsAreOneLineThatNamesTheFile() {
    let errors: [ImageError] = [
      .unreadable(name: "a.png", reason: "r"), .empty(name: "a.png"),
      .unsupportedFormat(name: "a.png", format: "GIF"), .unsupportedFormat(name: "a.png", format: nil),
      .unsupportedKind(name: "a.png", format: .jpeg, reason: "r"),
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
