import CSAN
import Foundation
import TestSupport
import XCTest

/// What the functions on encoded pictures and their results do not take ends in a status and a line of text, never in a
/// trap.
final class CResultRefusalTests: XCTestCase {
  /// What an argument for a result holds before the call, and after one that fails.
  private let untouched = OpaquePointer(bitPattern: 8)
  private var segmenter: OpaquePointer?
  private var image: OpaquePointer?
  private var vocabulary: OpaquePointer?

  override func setUp() {
    let pixels: [UInt8] = Array(repeating: 9, count: 36)
    XCTAssertEqual(san_open_model(nil, nil, 1, &segmenter), CInt(SAN_OK), lastError())
    XCTAssertEqual(san_image_pixels(pixels, 4, 3, 12, &image), CInt(SAN_OK), lastError())
    XCTAssertEqual(make(["cat", "dog"], &vocabulary), CInt(SAN_OK), lastError())
  }

  override func tearDown() {
    san_close(segmenter)
    san_image_free(image)
    san_vocabulary_free(vocabulary)
  }

  func testOpen() {
    var result = untouched
    refused(san_open_model(nil, nil, 0, nil), SAN_INVALID_ARGUMENT, "segmenter is null")
    refused(san_open_model("no-such-model", nil, 0, &result), SAN_CANNOT_READ, "there are: san-mini")
    refused(
      san_open_model("/no/such.pth", nil, 0, &result), SAN_CANNOT_READ, "/no/such.pth: cannot be opened")
    refused(san_open_model("none.safetensors", nil, 0, &result), SAN_CANNOT_READ, "none.safetensors")
    refused(san_open_model("", nil, 0, &result), SAN_CANNOT_READ, "cannot be opened")
    refused(san_open_model(nil, "f8", 0, &result), SAN_INVALID_ARGUMENT, "precision: \"f8\"")
    refused(san_open_model(nil, "", 0, &result), SAN_INVALID_ARGUMENT, "precision: \"\"")
    refused(san_open_model(nil, nil, 1025, &result), SAN_INVALID_ARGUMENT, "threads: 1025")
    XCTAssertEqual(result, untouched)
  }

  func testNull() {
    san_control_cancel(nil)
    san_control_free(nil)
    san_image_free(nil)
    san_vocabulary_free(nil)
    san_encoded_free(nil)
    san_polygons_free(nil)
    XCTAssertNil(san_model_name(nil))
    XCTAssertEqual(san_threads(nil), 0)
    XCTAssertEqual(san_image_width(nil), 0)
    XCTAssertEqual(san_image_height(nil), 0)
    XCTAssertNil(san_image_data(nil))
    XCTAssertNil(san_label_data(nil))
    XCTAssertNil(san_score_data(nil))
    XCTAssertEqual(san_score_class_count(nil), 0)
    XCTAssertEqual(san_polygon_count(nil), 0)

    var result = untouched
    var (list, count): (UnsafePointer<UnsafePointer<CChar>?>?, Int) = (nil, 7)
    var (margin, unsure) = (7.0, 7.0)
    var (proposals, mask, polygon) = (san_proposals(), san_mask(), san_polygon())
    let name = san_class_name()
    refused(san_control_new(nil), SAN_INVALID_ARGUMENT, "control is null")
    refused(san_image_file(nil, &result), SAN_INVALID_ARGUMENT, "path is null")
    refused(san_image_file("a", nil), SAN_INVALID_ARGUMENT, "image is null")
    refused(san_image_bytes(nil, 1, "a", &result), SAN_INVALID_ARGUMENT, "bytes is null")
    refused(san_image_bytes([1], 1, nil, &result), SAN_INVALID_ARGUMENT, "name is null")
    refused(san_image_bytes([1], 1, "a", nil), SAN_INVALID_ARGUMENT, "image is null")
    refused(san_image_pixels(nil, 1, 1, 3, &result), SAN_INVALID_ARGUMENT, "pixels is null")
    refused(san_image_pixels([1], 1, 1, 3, nil), SAN_INVALID_ARGUMENT, "image is null")
    refused(san_builtin_sets(nil, &count), SAN_INVALID_ARGUMENT, "names is null")
    refused(san_builtin_sets(&list, nil), SAN_INVALID_ARGUMENT, "count is null")
    refused(san_builtin_classes(nil, &list, &count), SAN_INVALID_ARGUMENT, "set is null")
    refused(
      san_vocabulary_new(nil, nil, 0, 0, 0, nil, 0, nil, &result), SAN_INVALID_ARGUMENT, "segmenter is null")
    refused(
      san_vocabulary_new(segmenter, nil, 1, 0, 0, nil, 0, nil, &result), SAN_INVALID_ARGUMENT,
      "classes is null"
    )
    refused(
      san_vocabulary_new(segmenter, [name], 1, 0, 0, nil, 0, nil, nil), SAN_INVALID_ARGUMENT,
      "vocabulary is null")
    refused(
      san_vocabulary_new(segmenter, [name], 1, 0, 0, nil, 0, nil, &result), SAN_INVALID_ARGUMENT,
      "classes[0].title is null")
    refused(san_vocabulary_names(nil, 0, &list, &count), SAN_INVALID_ARGUMENT, "vocabulary is null")
    refused(san_vocabulary_names(vocabulary, 0, nil, &count), SAN_INVALID_ARGUMENT, "names is null")
    refused(san_encode(nil, image, 0, nil, &result), SAN_INVALID_ARGUMENT, "segmenter is null")
    refused(san_encode(segmenter, nil, 0, nil, &result), SAN_INVALID_ARGUMENT, "image is null")
    refused(san_encode(segmenter, image, 0, nil, nil), SAN_INVALID_ARGUMENT, "encoded is null")
    refused(san_encoded_proposals(nil, &proposals), SAN_INVALID_ARGUMENT, "encoded is null")
    refused(
      san_segment_encoded(segmenter, nil, vocabulary, 0, 0, nil, &result), SAN_INVALID_ARGUMENT,
      "encoded is null")
    refused(
      san_segment_image(nil, image, vocabulary, 0, 0, 0, nil, &result), SAN_INVALID_ARGUMENT,
      "segmenter is null")
    refused(
      san_segment_image(segmenter, nil, vocabulary, 0, 0, 0, nil, &result), SAN_INVALID_ARGUMENT,
      "image is null")
    refused(
      san_segment_image(segmenter, image, nil, 0, 0, 0, nil, &result), SAN_INVALID_ARGUMENT,
      "vocabulary is null")
    refused(
      san_segment_image(segmenter, image, vocabulary, 0, 0, 0, nil, nil), SAN_INVALID_ARGUMENT,
      "segmentation is null")
    refused(san_doubt(nil, &margin, &unsure), SAN_INVALID_ARGUMENT, "segmentation is null")
    refused(san_overlay(nil, image, 0.5, 1, &result), SAN_INVALID_ARGUMENT, "segmentation is null")
    refused(san_mask_of(nil, 0, &mask), SAN_INVALID_ARGUMENT, "segmentation is null")
    refused(san_polygons_new(nil, 0, 0, &result), SAN_INVALID_ARGUMENT, "segmentation is null")
    refused(san_polygon_at(nil, 0, &polygon), SAN_INVALID_ARGUMENT, "polygons is null")
    XCTAssertEqual(result, untouched)
    XCTAssertEqual([Double(count), margin, unsure], [7, 7, 7])
  }

  func testPictures() {
    var result = untouched
    refused(san_image_file("/no/photo", &result), SAN_CANNOT_READ, "/no/photo")
    refused(san_image_file(#filePath, &result), SAN_BAD_DATA, "CResultRefusalTests.swift")
    refused(san_image_bytes(nil, 0, "upload", &result), SAN_BAD_DATA, "upload")
    refused(san_image_bytes(Array("no picture".utf8), 10, "upload", &result), SAN_BAD_DATA, "upload")
    refused(san_image_bytes([1], -1, "upload", &result), SAN_INVALID_ARGUMENT, "count: \(UInt.max)")
    refused(san_image_pixels([1], 65536, 1, 3, &result), SAN_INVALID_ARGUMENT, "65536×1")
    refused(san_image_pixels([1], 2, 1, 5, &result), SAN_INVALID_ARGUMENT, "stride: 5")
    XCTAssertEqual(result, untouched)
  }

  func testVocabularies() {
    var result = untouched
    var (list, count): (UnsafePointer<UnsafePointer<CChar>?>?, Int) = (nil, 7)
    refused(san_builtin_classes("coco-81", &list, &count), SAN_INVALID_ARGUMENT, "coco-80")
    refused(make([], &result), SAN_INVALID_ARGUMENT, "empty")
    refused(make(["cat", "Cat"], &result), SAN_INVALID_ARGUMENT, "twice")
    refused(make(["cat"], &result, synonyms: 2), SAN_INVALID_ARGUMENT, "synonyms: 2")
    refused(make(["cat"], &result, background: 3), SAN_INVALID_ARGUMENT, "background: 3")
    refused(make(["cat"], &result, names: ["dog"]), SAN_INVALID_ARGUMENT, "SAN_BACKGROUND_NAMES")
    refused(make(["cat"], &result, background: 2, names: [" "]), SAN_INVALID_ARGUMENT, "background name 1")
    let name = san_class_name()
    for count in [65536, Int.max, -1] {
      let says = "\(UInt(bitPattern: count))"
      refused(
        san_vocabulary_new(segmenter, [name], count, 0, 0, nil, 0, nil, &result), SAN_INVALID_ARGUMENT,
        "\(says) classes")
      refused(
        san_vocabulary_new(segmenter, [name], 1, 0, 2, nil, count, nil, &result), SAN_INVALID_ARGUMENT,
        "\(says) background names")
    }
    withCStrings(["cat"]) { texts in
      let many = san_class_name(title: texts?[0], synonyms: texts, synonym_count: -1)
      refused(
        san_vocabulary_new(segmenter, [many], 1, 0, 0, nil, 0, nil, &result), SAN_INVALID_ARGUMENT,
        "synonyms of classes[0]")
      let none = san_class_name(title: texts?[0], synonyms: nil, synonym_count: 1)
      refused(
        san_vocabulary_new(segmenter, [none], 1, 0, 0, nil, 0, nil, &result), SAN_INVALID_ARGUMENT,
        "classes[0].synonyms is null")
    }
    refused(san_vocabulary_names(vocabulary, 3, &list, &count), SAN_INVALID_ARGUMENT, "list: 3")
    XCTAssertEqual(result, untouched)
    XCTAssertEqual(count, 7)
  }

  func testRuns() {
    var result = untouched
    for side in [65536, -1, Int.min] {
      refused(
        san_encode(segmenter, image, side, nil, &result), SAN_INVALID_ARGUMENT,
        "\(UInt(bitPattern: side))")
    }
    for threshold: Float in [-1, .nan, .infinity] {
      refused(
        san_segment_image(segmenter, image, vocabulary, 0, threshold, 0, nil, &result), SAN_INVALID_ARGUMENT,
        "threshold: \(threshold)")
    }
    for outputs: UInt32 in [4, 7, .max] {
      refused(
        san_segment_image(segmenter, image, vocabulary, 0, 0, outputs, nil, &result), SAN_INVALID_ARGUMENT,
        "outputs: \(outputs)")
    }
    XCTAssertEqual(result, untouched)
  }

  func testResults() {
    var (found, result): (OpaquePointer?, OpaquePointer?) = (nil, untouched)
    XCTAssertEqual(
      san_segment_image(segmenter, image, vocabulary, 0, 0, 0, nil, &found), CInt(SAN_OK), lastError())
    defer { san_free(found) }
    refused(san_doubt(found, nil, nil), SAN_INVALID_ARGUMENT, "margin is null")
    refused(san_overlay(found, nil, 0.5, 1, &result), SAN_INVALID_ARGUMENT, "image is null")
    for opacity in [-0.1, 1.1, .nan] {
      refused(san_overlay(found, image, opacity, 1, &result), SAN_INVALID_ARGUMENT, "opacity \(opacity)")
    }
    var other: OpaquePointer?
    XCTAssertEqual(san_image_pixels([1, 2, 3], 1, 1, 3, &other), CInt(SAN_OK))
    refused(san_overlay(found, other, 0.5, 1, &result), SAN_INVALID_ARGUMENT, "1×1 pixels")
    san_image_free(other)
    var mask = san_mask()
    refused(san_mask_of(found, 2, &mask), SAN_INVALID_ARGUMENT, "there is no class 2")
    refused(san_mask_of(found, UInt16.max, &mask), SAN_INVALID_ARGUMENT, "there is no class 65535")
    refused(san_mask_of(found, 0, nil), SAN_INVALID_ARGUMENT, "mask is null")
    refused(san_polygons_new(found, -1, 0, &result), SAN_INVALID_ARGUMENT, "minimum_area")
    for tolerance in [-1, .nan, Double.infinity] {
      refused(san_polygons_new(found, 0, tolerance, &result), SAN_INVALID_ARGUMENT, "tolerance: \(tolerance)")
    }
    XCTAssertEqual(result, untouched)
    var (polygons, polygon): (OpaquePointer?, san_polygon) = (nil, san_polygon())
    XCTAssertEqual(san_polygons_new(found, 0, 0, &polygons), CInt(SAN_OK), lastError())
    defer { san_polygons_free(polygons) }
    for index in [san_polygon_count(polygons), -1, Int.max] {
      refused(
        san_polygon_at(polygons, index, &polygon), SAN_INVALID_ARGUMENT,
        "no polygon \(UInt(bitPattern: index))")
    }
  }

  // MARK: Helpers

  private func make(
    _ titles: [String], _ result: inout OpaquePointer?, synonyms: CInt = 0, background: CInt = 0,
    names: [String] = []
  ) -> CInt {
    withCStrings(titles) { texts in
      withCStrings(names) { competing in
        let list = titles.indices.map { san_class_name(title: texts?[$0], synonyms: nil, synonym_count: 0) }
        return san_vocabulary_new(
          segmenter, list, list.count, synonyms, background, competing, names.count, nil, &result)
      }
    }
  }

  private func refused(_ status: CInt, _ expected: Int, _ says: String, line: UInt = #line) {
    XCTAssertEqual(status, CInt(expected), lastError(), line: line)
    XCTAssert(lastError().contains(says), lastError(), line: line)
    XCTAssertFalse(lastError().contains("\n"), lastError(), line: line)
  }
}
