import CSAN
import Foundation
import TestSupport
import XCTest

/// What `san.h`'s functions do not take ends in a status and a line of text, never in a trap.
final class CRefusalTests: XCTestCase {
  /// What an argument for a result holds before the call, and after one that fails.
  private let untouched = OpaquePointer(bitPattern: 8)

  func testOpen() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("san-c-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
      let file = folder.appendingPathComponent(name)
      try Data(bytes).write(to: file)
      return file.path
    }
    let cases: [(model: String, status: Int, says: String)] = [
      ("", SAN_CANNOT_READ, "cannot be opened"),
      (folder.path, SAN_CANNOT_READ, "not a regular file"),
      (folder.appendingPathComponent("none.safetensors").path, SAN_CANNOT_READ, "none.safetensors"),
      (try file("empty.pth", []), SAN_BAD_DATA, "empty.pth"),
      (try file("text.safetensors", Array("no model".utf8)), SAN_BAD_DATA, "text.safetensors"),
      (try file("long", [UInt8](repeating: 0xFF, count: 8) + Array("{}".utf8)), SAN_BAD_DATA, "long"),
    ]
    for (model, status, says) in cases {
      var segmenter = untouched
      refused(san_open(model, 1, &segmenter), status, says)
      XCTAssertEqual(segmenter, untouched)
    }
    var segmenter = untouched
    for threads: CInt in [-1, 1025, .min, .max] {
      refused(san_open(nil, threads, &segmenter), SAN_INVALID_ARGUMENT, "threads: \(threads)")
    }
    refused(
      [0x2F, -1, 0].withUnsafeBufferPointer { san_open($0.baseAddress, 0, &segmenter) }, SAN_INVALID_ARGUMENT,
      "UTF-8")
    refused(san_open(nil, 0, nil), SAN_INVALID_ARGUMENT, "segmenter is null")
    XCTAssertEqual(segmenter, untouched)
  }

  func testNull() {
    san_close(nil)
    san_free(nil)
    XCTAssertEqual(san_width(nil), 0)
    XCTAssertEqual(san_height(nil), 0)
    XCTAssertEqual(san_class_count(nil), 0)
    var found = untouched
    var part = san_class()
    var label: UInt16 = 7
    refused(san_set_classes(nil, nil, 0, 0), SAN_INVALID_ARGUMENT, "segmenter is null")
    refused(san_set_threshold(nil, 0), SAN_INVALID_ARGUMENT, "segmenter is null")
    refused(san_segment_file(nil, "a", &found), SAN_INVALID_ARGUMENT, "segmenter is null")
    refused(san_segment_pixels(nil, nil, 1, 1, 3, &found), SAN_INVALID_ARGUMENT, "segmenter is null")
    refused(san_labels(nil, &label, 1), SAN_INVALID_ARGUMENT, "segmentation is null")
    refused(san_class_at(nil, 0, &part), SAN_INVALID_ARGUMENT, "segmentation is null")
    XCTAssertEqual(found, untouched)
    XCTAssertEqual(label, 7)
  }

  func testClassesAndThreshold() throws {
    let segmenter = try open()
    defer { san_close(segmenter) }
    func classes(_ names: [String], _ background: CInt = 0) -> CInt {
      withCStrings(names) { san_set_classes(segmenter, $0, names.count, background) }
    }
    refused(san_set_classes(segmenter, nil, 1, 0), SAN_INVALID_ARGUMENT, "names is null")
    refused(san_set_classes(segmenter, nil, 0, 0), SAN_INVALID_ARGUMENT, "empty")
    let one: [UnsafePointer<CChar>?] = [nil]
    refused(san_set_classes(segmenter, one, 1, 0), SAN_INVALID_ARGUMENT, "names[0] is null")
    for count in [65536, Int.max, -1, Int.min] {
      refused(
        san_set_classes(segmenter, one, count, 0), SAN_INVALID_ARGUMENT, "\(UInt(bitPattern: count)) classes")
    }
    refused(classes(["cat", " "]), SAN_INVALID_ARGUMENT, "class 2")
    refused(classes(["cat", "Cat"]), SAN_INVALID_ARGUMENT, "twice")
    refused(classes(["cat"], 2), SAN_INVALID_ARGUMENT, "background: 2")
    refused(classes(["cat"], -1), SAN_INVALID_ARGUMENT, "background: -1")
    let bytes: [CChar] = [0x63, -0x3D, 0]
    bytes.withUnsafeBufferPointer { name in
      let names = [name.baseAddress]
      refused(san_set_classes(segmenter, names, 1, 0), SAN_INVALID_ARGUMENT, "names[0] is not UTF-8")
    }
    for threshold: Float in [-1, .nan, .infinity, -.infinity] {
      refused(san_set_threshold(segmenter, threshold), SAN_INVALID_ARGUMENT, "threshold: \(threshold)")
    }
  }

  func testPictures() throws {
    let segmenter = try open()
    defer { san_close(segmenter) }
    var found = untouched
    let pixels: [UInt8] = Array(repeating: 9, count: 12)
    refused(san_segment_pixels(segmenter, pixels, 2, 2, 6, &found), SAN_INVALID_ARGUMENT, "san_set_classes")
    XCTAssertEqual(withCStrings(["cat"]) { san_set_classes(segmenter, $0, 1, 0) }, CInt(SAN_OK))

    refused(san_segment_file(segmenter, nil, &found), SAN_INVALID_ARGUMENT, "path is null")
    refused(san_segment_file(segmenter, "photo", nil), SAN_INVALID_ARGUMENT, "segmentation is null")
    refused(san_segment_file(segmenter, "/no/photo", &found), SAN_CANNOT_READ, "/no/photo")
    refused(san_segment_file(segmenter, "/", &found), SAN_CANNOT_READ, "/: cannot be read")
    refused(san_segment_file(segmenter, #filePath, &found), SAN_BAD_DATA, "CRefusalTests.swift")
    refused(san_segment_pixels(segmenter, nil, 2, 2, 6, &found), SAN_INVALID_ARGUMENT, "pixels is null")
    refused(san_segment_pixels(segmenter, pixels, 2, 2, 6, nil), SAN_INVALID_ARGUMENT, "segmentation is null")
    for (width, height) in [(0, 2), (2, 0), (-1, 1), (1, .min), (65536, 1), (1, .max), (65535, 65535)] {
      let says = "\(UInt(bitPattern: width))×\(UInt(bitPattern: height))"
      refused(san_segment_pixels(segmenter, pixels, width, height, 6, &found), SAN_INVALID_ARGUMENT, says)
    }
    for stride in [0, 5, -6, Int.min, Int.max] {
      let says = "stride: \(UInt(bitPattern: stride))"
      refused(san_segment_pixels(segmenter, pixels, 2, 2, stride, &found), SAN_INVALID_ARGUMENT, says)
    }
    XCTAssertEqual(found, untouched)

    // The smallest picture is one pixel.
    XCTAssertEqual(san_segment_pixels(segmenter, pixels, 1, 1, 3, &found), CInt(SAN_OK), lastError())
    defer { san_free(found) }
    var label: [UInt16] = [7, 7]
    refused(san_labels(found, nil, 1), SAN_INVALID_ARGUMENT, "labels is null")
    refused(san_labels(found, &label, 0), SAN_INVALID_ARGUMENT, "room for 0 values; the picture has 1")
    XCTAssertEqual(label, [7, 7])
    XCTAssertEqual(san_labels(found, &label, -1), CInt(SAN_OK))
    XCTAssertEqual(label, [0, 7])
    var part = san_class()
    refused(san_class_at(found, 0, nil), SAN_INVALID_ARGUMENT, "found is null")
    for index in [1, -1, Int.max] {
      refused(san_class_at(found, index, &part), SAN_INVALID_ARGUMENT, "no class \(UInt(bitPattern: index))")
    }
  }

  // MARK: Helpers

  private func open() throws -> OpaquePointer {
    var segmenter: OpaquePointer?
    XCTAssertEqual(san_open(nil, 1, &segmenter), CInt(SAN_OK), lastError())
    return try XCTUnwrap(segmenter)
  }

  private func refused(_ status: CInt, _ expected: Int, _ says: String, line: UInt = #line) {
    XCTAssertEqual(status, CInt(expected), lastError(), line: line)
    XCTAssert(lastError().contains(says), lastError(), line: line)
    XCTAssertFalse(lastError().contains("\n"), lastError(), line: line)
  }
}
