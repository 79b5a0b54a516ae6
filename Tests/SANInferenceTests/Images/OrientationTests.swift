import SANCore
import SANInference
import TestSupport
import XCTest

/// EXIF notes as cameras write them, and as attackers do. That each orientation turns the picture as Pillow
/// does is in ``DecodingTests``.
final class OrientationTests: XCTestCase {
  private func orientation(of bytes: [UInt8], _ format: ImageFormat) -> EXIFOrientation {
    bytes.withUnsafeBytes { EXIFOrientation(of: $0, format: format) }
  }

  /// A JPEG's start with one APP1 segment.
  private func jpeg(exif: [UInt8], length: Int? = nil) -> [UInt8] {
    let size = length ?? exif.count + 2
    return [0xFF, 0xD8, 0xFF, 0xE1, UInt8(size >> 8 & 255), UInt8(size & 255)] + exif + [0xFF, 0xDA, 0, 2]
  }

  private func tiff(orientation: [UInt8], type: UInt8 = 3) -> [UInt8] {
    Array("Exif\0\0".utf8) + Array("II*\0".utf8) + [8, 0, 0, 0, 1, 0, 0x12, 0x01, type, 0, 1, 0, 0, 0]
      + orientation + [0, 0, 0, 0]
  }

  func testFixtures() throws {
    for number in UInt8(1)...8 {
      for (suffix, format) in [("jpg", ImageFormat.jpeg), ("png", .png)] {
        let bytes = try Fixture.bytes("images/orientation\(number).\(suffix)")
        XCTAssertEqual(orientation(of: bytes, format).rawValue, number)
      }
    }
  }

  /// A picture's size is told upright, by its header alone.
  func testSizeOfEncodedPictures() throws {
    for number in 1...8 {
      for suffix in ["jpg", "png"] {
        let name = "orientation\(number).\(suffix)"
        let bytes = try Fixture.bytes("images/\(name)")
        let image = try RGBImage(decoding: bytes, name: name)
        XCTAssertNotEqual(image.width, image.height)
        let size = Grid(height: image.height, width: image.width)
        XCTAssertEqual(try RGBImage.size(ofEncoded: bytes, name: name), size, name)
      }
    }
    let whole = try Fixture.bytes("images/orientation1.jpg")
    let cut = Array(whole.dropLast(whole.count / 3))
    XCTAssertThrowsError(try RGBImage(decoding: cut, name: "cut"))
    XCTAssertEqual(
      try RGBImage.size(ofEncoded: cut, name: "cut"), try RGBImage.size(ofEncoded: whole, name: "whole"))
    XCTAssertThrowsError(try RGBImage.size(ofEncoded: [], name: "nothing")) {
      XCTAssertEqual($0 as? ImageError, .empty(name: "nothing"))
    }
  }

  func testPlacesAndTypes() {
    XCTAssertEqual(orientation(of: jpeg(exif: tiff(orientation: [6, 0, 0, 0])), .jpeg), .quarterClockwise)
    XCTAssertEqual(
      orientation(of: jpeg(exif: tiff(orientation: [8, 0, 0, 0], type: 4)), .jpeg), .quarterAnticlockwise)
    // Another segment and fill bytes in front.
    let note = jpeg(exif: tiff(orientation: [3, 0, 0, 0]))
    let front: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xFF, 0xFF]
    XCTAssertEqual(orientation(of: front + note.dropFirst(3), .jpeg), .halfTurn)
    // After the start of scan there are no notes.
    XCTAssertEqual(orientation(of: [0xFF, 0xD8, 0xFF, 0xDA] + note, .jpeg), .upright)
  }

  func testUnsoundNotesAreUpright() {
    let sound = tiff(orientation: [6, 0, 0, 0])
    for value: [UInt8] in [[0, 0, 0, 0], [9, 0, 0, 0], [6, 1, 0, 0], [255, 255, 255, 255]] {
      XCTAssertEqual(orientation(of: jpeg(exif: tiff(orientation: value)), .jpeg), .upright)
      XCTAssertEqual(orientation(of: jpeg(exif: tiff(orientation: value, type: 4)), .jpeg), .upright)
    }
    for length in 0..<sound.count - 6 {  // up to the value itself
      XCTAssertEqual(orientation(of: jpeg(exif: Array(sound.prefix(length))), .jpeg), .upright, "\(length)")
    }
    for length in [0, 1, 0xFFFF] {
      XCTAssertEqual(orientation(of: jpeg(exif: sound, length: length), .jpeg), .upright)
    }
    for offset: [UInt8] in [[255, 255, 255, 255], [255, 255, 255, 127], [25, 0, 0, 0], [26, 0, 0, 0]] {
      var bytes = sound
      bytes.replaceSubrange(10..<14, with: offset)
      XCTAssertEqual(orientation(of: jpeg(exif: bytes), .jpeg), .upright)
    }
  }

  /// Every note with every byte replaced by extremes, in every prefix: no crash, some orientation.
  func testHostileNotes() {
    let sound = tiff(orientation: [6, 0, 0, 0])
    var seen: Set<UInt8> = []
    for at in sound.indices {
      for value: UInt8 in [0, 1, 127, 128, 254, 255] {
        var bytes = sound
        bytes[at] = value
        for length in stride(from: 0, through: bytes.count, by: 3) {
          seen.insert(orientation(of: jpeg(exif: Array(bytes.prefix(length))), .jpeg).rawValue)
          let note = Array(bytes.prefix(length))
          let size = UInt8(note.count)
          let png: [UInt8] = Array(repeating: 0, count: 8) + [0, 0, 0, size] + Array("eXIf".utf8) + note
          seen.insert(orientation(of: png + [0, 0, 0, 0], .png).rawValue)
          seen.insert(orientation(of: png, .png).rawValue)
        }
      }
    }
    XCTAssertTrue(seen.contains(6) && seen.contains(1))
  }
}
