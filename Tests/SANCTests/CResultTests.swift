import CSAN
import Foundation
import SANC
import SANCore
import SANExport
import SANInference
import TestSupport
import XCTest

/// A picture encoded once and asked many times, and results in other forms, as C has them: all as Swift has them.
final class CResultTests: XCTestCase {
  private static let camera = Fixture.packageRoot.appendingPathComponent("Examples/photos/camera.png").path
  private static let classes = [ClassName("person", synonyms: ["person", "man"]), ClassName("sky")]

  private var handle: OpaquePointer?
  private var photo: OpaquePointer?
  private var segmenter: Segmenter!
  private var picture: RGBImage!

  override func setUpWithError() throws {
    XCTAssertEqual(san_open_model("san-mini", "f32", 0, &handle), CInt(SAN_OK), lastError())
    XCTAssertEqual(san_image_file(CResultTests.camera, &photo), CInt(SAN_OK), lastError())
    segmenter = try Segmenter(textCache: TextCache(folder: nil))
    picture = try RGBImage(contentsOf: CResultTests.camera)
  }

  override func tearDown() {
    san_close(handle)
    san_image_free(photo)
    (handle, photo, segmenter, picture) = (nil, nil, nil, nil)
  }

  func testPictures() throws {
    XCTAssertEqual(san_image_width(photo), picture.width)
    XCTAssertEqual(san_image_height(photo), picture.height)
    XCTAssertEqual(pixels(photo), picture.pixels)
    var image: OpaquePointer?
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: CResultTests.camera)))
    XCTAssertEqual(san_image_bytes(bytes, bytes.count, "upload", &image), CInt(SAN_OK), lastError())
    XCTAssertEqual(pixels(image), picture.pixels)
    san_image_free(image)

    let padded = Array(picture.pixels[..<12]) + [7] + Array(picture.pixels[12..<24])
    XCTAssertEqual(san_image_pixels(padded, 4, 2, 13, &image), CInt(SAN_OK), lastError())
    XCTAssertEqual(pixels(image), Array(picture.pixels[..<24]))
    san_image_free(image)
  }

  func testAPictureIsEncodedOnceAndAskedManyTimes() throws {
    let encoded = try encode()
    defer { san_encoded_free(encoded) }
    let expected = try segmenter.encode(picture)
    for (classes, background) in [
      (CResultTests.classes, Background.distractors), ([ClassName("sky"), ClassName("grass")], .none),
    ] {
      let vocabulary = try vocabulary(classes, background)
      defer { san_vocabulary_free(vocabulary) }
      let found = try segment(encoded, vocabulary)
      defer { san_free(found) }
      let right = try segmenter.segment(
        expected, vocabulary: segmenter.vocabulary(classes, background: background))
      XCTAssertEqual(labels(found), right.labels.labels)
      XCTAssertNil(san_score_data(found))
      XCTAssertEqual(san_score_class_count(found), 0)

      var whole: OpaquePointer?
      XCTAssertEqual(
        san_segment_image(handle, photo, vocabulary, 0, 0, 0, nil, &whole), CInt(SAN_OK), lastError())
      XCTAssertEqual(whole.map(labels), right.labels.labels)
      san_free(whole)
    }
  }

  func testSizeThresholdAndNamesOfTheBackground() throws {
    let background = Background.names(["grass", "building"])
    let vocabulary = try vocabulary(CResultTests.classes, background)
    defer { san_vocabulary_free(vocabulary) }
    XCTAssertEqual(names(vocabulary, SAN_NAMES_BACKGROUND), ["grass", "building"])
    var found: OpaquePointer?
    XCTAssertEqual(
      san_segment_image(handle, photo, vocabulary, 256, 0.75, 0, nil, &found), CInt(SAN_OK), lastError())
    defer { san_free(found) }
    let right = try segmenter.segment(
      picture, vocabulary: segmenter.vocabulary(CResultTests.classes, background: background), shortSide: 256,
      threshold: 0.75)
    XCTAssertEqual(found.map(labels), right.labels.labels)
    XCTAssertEqual(san_class_count(found), 3)
  }

  func testVocabularies() throws {
    var (list, count): (UnsafePointer<UnsafePointer<CChar>?>?, Int) = (nil, 0)
    XCTAssertEqual(san_builtin_sets(&list, &count), CInt(SAN_OK))
    XCTAssertEqual(strings(list, count), Vocabularies.all)
    for set in Vocabularies.all {
      XCTAssertEqual(san_builtin_classes(set, &list, &count), CInt(SAN_OK), lastError())
      XCTAssertEqual(strings(list, count), try Vocabularies.names(of: set))
    }
    let first = list
    XCTAssertEqual(san_builtin_classes(Vocabularies.all.last, &list, &count), CInt(SAN_OK))
    XCTAssertEqual(first, list, "a list stays where it is")

    let long = String(repeating: "very ", count: 100) + "long"
    let made = try vocabulary(CResultTests.classes + [ClassName(long)], .distractors)
    defer { san_vocabulary_free(made) }
    let right = try segmenter.vocabulary(CResultTests.classes + [ClassName(long)])
    XCTAssertEqual(names(made, SAN_NAMES_CLASSES), ["person", "sky", long])
    XCTAssertEqual(names(made, SAN_NAMES_BACKGROUND), right.distractors)
    XCTAssertFalse(right.distractors.contains("person"))
    XCTAssertEqual(names(made, SAN_NAMES_TRUNCATED), [long])

    // The two ways to pool synonyms differ.
    let encoded = try encode()
    defer { san_encoded_free(encoded) }
    for (synonyms, pooling) in [(SAN_SYNONYMS_BEST, SynonymPooling.best), (SAN_SYNONYMS_MEAN, .mean)] {
      let vocabulary = try vocabulary(CResultTests.classes, .none, synonyms: synonyms)
      let found = try segment(encoded, vocabulary, outputs: SAN_SCORES)
      let right = try segmenter.segment(
        picture,
        vocabulary: segmenter.vocabulary(CResultTests.classes, synonyms: pooling, background: .none),
        scores: true)
      XCTAssertEqual(scores(found), right.scores?.values, "\(pooling)")
      san_free(found)
      san_vocabulary_free(vocabulary)
    }
  }

  func testScoresDoubtAndProposals() throws {
    let vocabulary = try vocabulary(CResultTests.classes, .distractors)
    defer { san_vocabulary_free(vocabulary) }
    let encoded = try encode()
    let found = try segment(encoded, vocabulary, outputs: SAN_SCORES | SAN_DOUBT)
    let right = try segmenter.segment(
      picture, vocabulary: segmenter.vocabulary(CResultTests.classes), scores: true, doubt: true)
    XCTAssertEqual(san_score_class_count(found), 2)
    XCTAssertEqual(scores(found), right.scores?.values)
    var (margin, unsure) = (-1.0, -1.0)
    XCTAssertEqual(san_doubt(found, &margin, &unsure), CInt(SAN_OK))
    let doubt = try XCTUnwrap(right.doubt)
    XCTAssertEqual([margin, unsure], [doubt.meanMargin, doubt.unsureShare])

    let plain = try segment(encoded, vocabulary)
    XCTAssertEqual(san_doubt(plain, &margin, &unsure), CInt(SAN_OK))
    XCTAssert(margin.isNaN && unsure.isNaN)
    san_free(plain)

    var proposals = san_proposals()
    XCTAssertEqual(san_encoded_proposals(encoded, &proposals), CInt(SAN_OK))
    let expected = try segmenter.encode(picture)
    XCTAssertEqual(
      [proposals.count, proposals.height, proposals.width], expected.proposals.logits.shape)
    XCTAssertEqual([proposals.count, proposals.dimension], expected.proposals.embeddings.shape)
    XCTAssertEqual(
      Array(UnsafeBufferPointer(start: proposals.masks, count: expected.proposals.logits.count)),
      expected.proposals.logits.values)
    XCTAssertEqual(
      Array(UnsafeBufferPointer(start: proposals.embeddings, count: expected.proposals.embeddings.count)),
      expected.proposals.embeddings.values)
    XCTAssertEqual(proposals.padded_width, expected.proposals.imageSize.width)
    XCTAssertEqual(proposals.padded_height, expected.proposals.imageSize.height)
    XCTAssertEqual(proposals.resized_width, expected.resized.width)
    XCTAssertEqual(proposals.resized_height, expected.resized.height)

    // A segmentation needs nothing that it came of.
    san_encoded_free(encoded)
    XCTAssertEqual(labels(found), right.labels.labels)
    san_free(found)
  }

  func testOverlaysMasksAndPolygons() throws {
    let vocabulary = try vocabulary(CResultTests.classes, .distractors)
    defer { san_vocabulary_free(vocabulary) }
    let encoded = try encode()
    defer { san_encoded_free(encoded) }
    let found = try segment(encoded, vocabulary)
    defer { san_free(found) }
    let map = LabelMap(
      size: Grid(height: picture.height, width: picture.width), labels: labels(found))
    XCTAssertEqual(Set(map.labels), [0, 1, LabelMap.other], "a photo with all of them")

    for (opacity, legend) in [(0.5, true), (0.25, false)] {
      var overlay: OpaquePointer?
      XCTAssertEqual(
        san_overlay(found, photo, opacity, legend ? 1 : 0, &overlay), CInt(SAN_OK), lastError())
      defer { san_image_free(overlay) }
      let right = try Overlay.render(
        picture, labels: map, classes: ["person", "sky"],
        options: Overlay.Options(opacity: opacity, legend: legend ? .automatic : .none))
      XCTAssertEqual(san_image_width(overlay), right.width)
      XCTAssertEqual(pixels(overlay), right.pixels)
    }
    for (label, mask) in try RunLengthMask.all(in: map, classCount: 2).enumerated() {
      var part = san_mask()
      XCTAssertEqual(san_mask_of(found, UInt16(label), &part), CInt(SAN_OK))
      XCTAssertEqual(String(cString: part.counts), mask.compressed)
      XCTAssertEqual(part.pixels, UInt64(mask.area))
      let box = mask.boundingBox
      XCTAssertEqual(
        [part.x, part.y, part.width, part.height].map { Int($0) }, [box.x, box.y, box.width, box.height])
    }
    for editing in [PolygonEditing(), PolygonEditing(minimumArea: 50, tolerance: 2)] {
      var polygons: OpaquePointer?
      XCTAssertEqual(
        san_polygons_new(found, editing.minimumArea, editing.tolerance, &polygons), CInt(SAN_OK), lastError())
      defer { san_polygons_free(polygons) }
      let right = try RegionPolygons.all(in: map, classCount: 2, editing: editing)
      var all: [[[Int]]] = [[], []]
      for index in 0..<san_polygon_count(polygons) {
        var polygon = san_polygon()
        XCTAssertEqual(san_polygon_at(polygons, index, &polygon), CInt(SAN_OK))
        let points = UnsafeBufferPointer(start: polygon.points, count: 2 * polygon.count)
        all[Int(polygon.label)].append(points.map { Int($0) })
      }
      XCTAssertEqual(all, right)
    }
    XCTAssertEqual(san_color(0), 0xE0243C)
    XCTAssertEqual(san_color(UInt16.max), 0x808080)
  }

  func testTheModelsNamePrecisionAndThreads() throws {
    XCTAssertEqual(String(cString: san_model_name(handle)), "san-mini")
    var other: OpaquePointer?
    XCTAssertEqual(san_open_model(nil, "int8", 3, &other), CInt(SAN_OK), lastError())
    defer { san_close(other) }
    XCTAssertEqual(san_threads(other), 3)
    let vocabulary = try vocabulary(CResultTests.classes, .none, of: other)
    defer { san_vocabulary_free(vocabulary) }
    var found: OpaquePointer?
    XCTAssertEqual(
      san_segment_image(other, photo, vocabulary, 0, 0, 0, nil, &found), CInt(SAN_OK), lastError())
    defer { san_free(found) }
    let integers = try Segmenter(precision: .int8, textCache: TextCache(folder: nil))
    let right = try integers.segment(
      picture, vocabulary: integers.vocabulary(CResultTests.classes, background: .none))
    XCTAssertEqual(found.map(labels), right.labels.labels)
  }

  func testACancelledControlEndsEveryCall() throws {
    let vocabulary = try vocabulary(CResultTests.classes, .none)
    defer { san_vocabulary_free(vocabulary) }
    let encoded = try encode()
    defer { san_encoded_free(encoded) }
    var control: OpaquePointer?
    XCTAssertEqual(san_control_new(&control), CInt(SAN_OK))
    defer { san_control_free(control) }
    // Until it is cancelled, it changes nothing.
    var found: OpaquePointer?
    XCTAssertEqual(
      san_segment_encoded(handle, encoded, vocabulary, 0, 0, control, &found), CInt(SAN_OK), lastError())
    san_free(found)

    let untouched = OpaquePointer(bitPattern: 8)
    var result = untouched
    san_control_cancel(control)
    XCTAssertEqual(san_encode(handle, photo, 0, control, &result), CInt(SAN_CANCELLED))
    XCTAssertFalse(lastError().isEmpty)
    XCTAssertEqual(
      san_segment_encoded(handle, encoded, vocabulary, 0, 0, control, &result), CInt(SAN_CANCELLED))
    XCTAssertEqual(
      san_segment_image(handle, photo, vocabulary, 0, 0, 0, control, &result), CInt(SAN_CANCELLED))
    XCTAssertEqual(
      withCStrings(["a name that no file knows"]) { names in
        var name = san_class_name(title: names?[0], synonyms: nil, synonym_count: 0)
        return san_vocabulary_new(handle, &name, 1, 0, 0, nil, 0, control, &result)
      }, CInt(SAN_CANCELLED))
    XCTAssertEqual(result, untouched)
  }

  func testAnotherThreadEndsARun() throws {
    var control: OpaquePointer?
    XCTAssertEqual(san_control_new(&control), CInt(SAN_OK))
    defer { san_control_free(control) }
    let (segmenter, photo, stop) = (
      UInt(bitPattern: handle), UInt(bitPattern: photo), UInt(bitPattern: control)
    )
    let (running, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    // It encodes until it is ended: without the control's effect the test would not end.
    DispatchQueue.global().async {
      var status = CInt(SAN_OK)
      while status == CInt(SAN_OK) {
        var encoded: OpaquePointer?
        status = san_encode(
          OpaquePointer(bitPattern: segmenter), OpaquePointer(bitPattern: photo), 0,
          OpaquePointer(bitPattern: stop), &encoded)
        if status == CInt(SAN_OK) { san_encoded_free(encoded) }
        running.signal()
      }
      XCTAssertEqual(status, CInt(SAN_CANCELLED))
      ended.signal()
    }
    running.wait()
    san_control_cancel(control)
    ended.wait()
  }

  func testAnyThreadMayAskOneObject() throws {
    let vocabulary = try vocabulary(CResultTests.classes, .none)
    defer { san_vocabulary_free(vocabulary) }
    let encoded = try encode()
    defer { san_encoded_free(encoded) }
    let found = try segment(encoded, vocabulary)
    defer { san_free(found) }
    let expected = labels(found)
    let addresses = [handle, encoded, vocabulary, found, photo].map { UInt(bitPattern: $0) }
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      let objects = addresses.map { OpaquePointer(bitPattern: $0) }
      var (again, mask): (OpaquePointer?, san_mask) = (nil, san_mask())
      XCTAssertEqual(
        san_segment_encoded(objects[0], objects[1], objects[2], 0, 0, nil, &again), CInt(SAN_OK), lastError())
      XCTAssertEqual(again.map(labels), expected)
      san_free(again)
      XCTAssertEqual(san_mask_of(objects[3], 0, &mask), CInt(SAN_OK))
      XCTAssertEqual(mask.pixels, UInt64(expected.count { $0 == 0 }))
    }
  }

  // MARK: Helpers

  private func encode() throws -> OpaquePointer {
    var encoded: OpaquePointer?
    XCTAssertEqual(san_encode(handle, photo, 0, nil, &encoded), CInt(SAN_OK), lastError())
    return try XCTUnwrap(encoded)
  }

  private func segment(
    _ encoded: OpaquePointer, _ vocabulary: OpaquePointer, outputs: Int = 0
  ) throws -> OpaquePointer {
    var found: OpaquePointer?
    XCTAssertEqual(
      san_segment_encoded(handle, encoded, vocabulary, 0, UInt32(outputs), nil, &found), CInt(SAN_OK),
      lastError())
    return try XCTUnwrap(found)
  }

  private func vocabulary(
    _ classes: [ClassName], _ background: Background, synonyms: Int = SAN_SYNONYMS_BEST,
    of segmenter: OpaquePointer? = nil
  ) throws -> OpaquePointer {
    let (mode, competing): (Int, [String]) =
      switch background {
      case .none: (SAN_BACKGROUND_NONE, [])
      case .distractors: (SAN_BACKGROUND_DISTRACTORS, [])
      case .names(let names): (SAN_BACKGROUND_NAMES, names)
      }
    var made: OpaquePointer?
    // Titles, then all synonyms.
    let texts = classes.map(\.title) + classes.flatMap(\.synonyms)
    let status = withCStrings(texts) { texts in
      withCStrings(competing) { names in
        var place = classes.count
        let list = classes.enumerated().map { index, name in
          defer { place += name.synonyms.count }
          return san_class_name(
            title: texts?[index], synonyms: texts.map { $0 + place }, synonym_count: name.synonyms.count)
        }
        return san_vocabulary_new(
          segmenter ?? handle, list, list.count, CInt(synonyms), CInt(mode), names, competing.count, nil,
          &made)
      }
    }
    XCTAssertEqual(status, CInt(SAN_OK), lastError())
    return try XCTUnwrap(made)
  }

  private func names(_ vocabulary: OpaquePointer, _ list: Int) -> [String] {
    var (names, count): (UnsafePointer<UnsafePointer<CChar>?>?, Int) = (nil, 0)
    XCTAssertEqual(san_vocabulary_names(vocabulary, CInt(list), &names, &count), CInt(SAN_OK), lastError())
    return strings(names, count)
  }

  private func strings(_ list: UnsafePointer<UnsafePointer<CChar>?>?, _ count: Int) -> [String] {
    UnsafeBufferPointer(start: list, count: count).compactMap { $0.map { String(cString: $0) } }
  }

  private func pixels(_ image: OpaquePointer?) -> [UInt8] {
    Array(
      UnsafeBufferPointer(
        start: san_image_data(image), count: san_image_width(image) * san_image_height(image) * 3))
  }

  private func scores(_ found: OpaquePointer) -> [Float] {
    let count = san_score_class_count(found) * san_width(found) * san_height(found)
    return Array(UnsafeBufferPointer(start: san_score_data(found), count: count))
  }
}
