import CSAN
import Foundation
import SANC
import SANInference
import TestSupport
import XCTest

/// `san.h`'s functions, called as C calls them.
final class CInterfaceTests: XCTestCase {
  private static let chelsea = Fixture.packageRoot.appendingPathComponent("Examples/photos/chelsea.png").path

  /// Compiles only where the header declares what the library defines.
  func testTheHeaderIsTheLibrarysOwn() {
    func same<Function>(_ declared: Function, _ defined: Function) {}
    same(san_abi_version, sanAbiVersion)
    same(san_last_error, sanLastError)
    same(san_open, sanOpen)
    same(san_close, sanClose)
    same(san_set_classes, sanSetClasses)
    same(san_set_threshold, sanSetThreshold)
    same(san_segment_file, sanSegmentFile)
    same(san_segment_pixels, sanSegmentPixels)
    same(san_width, sanWidth)
    same(san_height, sanHeight)
    same(san_labels, sanLabels)
    same(san_class_count, sanClassCount)
    same(san_class_at, sanClassAt)
    same(san_free, sanFree)
    XCTAssertEqual(san_abi_version(), UInt32(SAN_ABI_VERSION))
    // An older program reads these bytes where they are today.
    XCTAssertEqual(MemoryLayout<san_class>.size, 40)
    let fields: [PartialKeyPath<san_class>] = [\san_class.name, \.pixels, \.coverage, \.mean_score, \.label]
    XCTAssertEqual(fields.map { MemoryLayout<san_class>.offset(of: $0) }, [0, 8, 16, 24, 32])
  }

  func testAFileIsLabelledAsTheSegmenterLabelsIt() throws {
    let expected = try expected(["cat", "wall"], background: .distractors)
    let segmenter = try open()
    defer { san_close(segmenter) }
    setClasses(segmenter, ["cat", "wall"], SAN_BACKGROUND_DISTRACTORS)
    let found = try segment(segmenter, CInterfaceTests.chelsea)
    defer { san_free(found) }
    XCTAssertEqual(labels(found), expected.labels.labels)
    try check(found, expected)
  }

  func testClassesAndThresholdCanChange() throws {
    let segmenter = try open()
    setClasses(segmenter, ["cat", "wall"], SAN_BACKGROUND_DISTRACTORS)
    setClasses(segmenter, ["wall", "cat", "floor"], SAN_BACKGROUND_NONE)
    let first = try segment(segmenter, CInterfaceTests.chelsea)
    defer { san_free(first) }
    let plain = try expected(["wall", "cat", "floor"], background: .none)
    try check(first, plain)

    // Whatever the model, some pixels of the largest class score less than their mean, and some do not.
    let largest = try XCTUnwrap(plain.classes.max { $0.pixels < $1.pixels })
    let threshold = Float(largest.meanScore)
    XCTAssertEqual(san_set_threshold(segmenter, threshold), CInt(SAN_OK))
    let second = try segment(segmenter, CInterfaceTests.chelsea)
    defer { san_free(second) }
    try check(second, expected(["wall", "cat", "floor"], background: .none, threshold: threshold))
    XCTAssert(labels(second).contains(UInt16.max))
    XCTAssert(Set(labels(second)).count > 1)

    // What does not become the classes leaves the classes.
    XCTAssertEqual(
      withCStrings(["cat", "cat"]) { san_set_classes(segmenter, $0, 2, 0) }, CInt(SAN_INVALID_ARGUMENT))
    XCTAssertEqual(san_set_threshold(segmenter, 0), CInt(SAN_OK))
    let third = try segment(segmenter, CInterfaceTests.chelsea)
    defer { san_free(third) }
    XCTAssertEqual(labels(third), labels(first))

    // A segmentation outlives its segmenter.
    san_close(segmenter)
    try check(first, expected(["wall", "cat", "floor"], background: .none))
  }

  func testRowsMayHaveGaps() throws {
    let image = try RGBImage(contentsOf: CInterfaceTests.chelsea)
    let segmenter = try open()
    defer { san_close(segmenter) }
    setClasses(segmenter, ["cat", "wall"], SAN_BACKGROUND_NONE)
    let expected = try expected(["cat", "wall"], background: .none)
    for gap in [0, 1, 61] {
      let stride = image.width * 3 + gap
      var rows = [UInt8](repeating: 0xA5, count: stride * (image.height - 1) + image.width * 3)
      for y in 0..<image.height {
        rows.replaceSubrange(
          y * stride..<y * stride + image.width * 3,
          with: image.pixels[y * image.width * 3..<(y + 1) * image.width * 3])
      }
      var found: OpaquePointer?
      XCTAssertEqual(
        san_segment_pixels(segmenter, rows, image.width, image.height, stride, &found), CInt(SAN_OK))
      XCTAssertEqual(labels(try XCTUnwrap(found)), expected.labels.labels, "\(gap)")
      san_free(found)
    }
  }

  func testAnyThreadMayCall() throws {
    let segmenter = try open()
    defer { san_close(segmenter) }
    setClasses(segmenter, ["cat", "wall"], SAN_BACKGROUND_NONE)
    let expected = try expected(["cat", "wall"], background: .none).labels.labels
    let address = UInt(bitPattern: segmenter)
    DispatchQueue.concurrentPerform(iterations: 6) { index in
      let segmenter = OpaquePointer(bitPattern: address)
      var found: OpaquePointer?
      if index % 3 == 2 {
        // A thread's error is its own.
        XCTAssertEqual(san_segment_file(segmenter, "/no/photo-\(index)", &found), CInt(SAN_CANNOT_READ))
        XCTAssert(lastError().contains("/no/photo-\(index)"), lastError())
      } else {
        XCTAssertEqual(san_segment_file(segmenter, CInterfaceTests.chelsea, &found), CInt(SAN_OK))
        XCTAssertEqual(lastError(), "")
        XCTAssertEqual(found.map(labels), expected)
        san_free(found)
      }
    }
  }

  // MARK: Helpers

  private func expected(
    _ classes: [String], background: Background, threshold: Float? = nil
  ) throws -> Segmentation {
    let segmenter = try Segmenter(textCache: TextCache(folder: nil))
    return try segmenter.segment(
      RGBImage(contentsOf: CInterfaceTests.chelsea),
      vocabulary: segmenter.vocabulary(classes, background: background), threshold: threshold)
  }

  private func open() throws -> OpaquePointer {
    var segmenter: OpaquePointer?
    XCTAssertEqual(san_open(nil, 0, &segmenter), CInt(SAN_OK), lastError())
    return try XCTUnwrap(segmenter)
  }

  private func setClasses(_ segmenter: OpaquePointer, _ names: [String], _ background: Int) {
    let status = withCStrings(names) { san_set_classes(segmenter, $0, names.count, CInt(background)) }
    XCTAssertEqual(status, CInt(SAN_OK), lastError())
  }

  private func segment(_ segmenter: OpaquePointer, _ path: String) throws -> OpaquePointer {
    var found: OpaquePointer?
    XCTAssertEqual(san_segment_file(segmenter, path, &found), CInt(SAN_OK), lastError())
    return try XCTUnwrap(found)
  }

  private func check(_ found: OpaquePointer, _ expected: Segmentation) throws {
    XCTAssertEqual(san_width(found), expected.labels.size.width)
    XCTAssertEqual(san_height(found), expected.labels.size.height)
    XCTAssertEqual(labels(found), expected.labels.labels)
    let classes = expected.classes + (expected.other.map { [$0] } ?? [])
    XCTAssertEqual(san_class_count(found), classes.count)
    for (index, expected) in classes.enumerated() {
      var part = san_class()
      XCTAssertEqual(san_class_at(found, index, &part), CInt(SAN_OK))
      XCTAssertEqual(String(cString: try XCTUnwrap(part.name)), expected.name)
      XCTAssertEqual(part.pixels, UInt64(expected.pixels))
      XCTAssertEqual(part.coverage, expected.coverage)
      XCTAssertEqual(part.mean_score, expected.meanScore)
      XCTAssertEqual(part.label, expected.label)
    }
  }
}

/// This thread's error.
func lastError() -> String { String(cString: san_last_error()) }

/// The labels of a segmentation.
func labels(_ found: OpaquePointer) -> [UInt16] {
  let count = san_width(found) * san_height(found)
  return [UInt16](unsafeUninitializedCapacity: count) { labels, filled in
    XCTAssertEqual(san_labels(found, labels.baseAddress, count), CInt(SAN_OK))
    filled = count
  }
}

/// Lends `body` the strings as C has them.
func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
) -> Result {
  let copies = strings.map { UnsafePointer(strdup($0)) }
  defer { for copy in copies { free(UnsafeMutablePointer(mutating: copy)) } }
  return copies.withUnsafeBufferPointer { body($0.baseAddress) }
}
