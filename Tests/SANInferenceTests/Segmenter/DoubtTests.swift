import SANCore
import SANInference
import TestSupport
import XCTest

/// How sure labels are, held against all scores.
final class DoubtTests: XCTestCase {
  private static let names = ["cat", "sky", "a red car"]

  /// A photo of fewer pixels than are looked at: the doubt is that of all pixels' scores.
  func testAgainstAllScores() throws {
    let segmenter = try ToyModelFile.segmenter()
    let photo = try RGBImage(
      width: 61, height: 47,
      pixels: (0..<61 * 47 * 3).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
    let encoded = try segmenter.encode(photo)
    let all = try segmenter.vocabulary(Self.names + ["grass", "oak"], background: .none)
    let scores = try XCTUnwrap(try segmenter.segment(encoded, vocabulary: all, scores: true).scores)
    let pixels = 61 * 47
    func expected(_ labels: [[Int]]) -> (margin: Double, unsure: Double) {
      var (sum, unsure) = (0.0, 0)
      for pixel in 0..<pixels {
        // The best name of each label, highest first.
        let best = labels.map { $0.map { scores[$0 * pixels + pixel] }.max()! }.sorted(by: >)
        sum += Double(best[0] - best[1])
        if best[0] - best[1] < Doubt.threshold { unsure += 1 }
      }
      return (sum / Double(pixels), Double(unsure) / Double(pixels))
    }
    let plain = try segmenter.segment(encoded, vocabulary: all, doubt: true)
    let doubt = try XCTUnwrap(plain.doubt)
    let each = expected([[0], [1], [2], [3], [4]])
    XCTAssertEqual(doubt.meanMargin, each.margin, accuracy: 1e-6)
    XCTAssertEqual(doubt.unsureShare, each.unsure, accuracy: 1.5 / Double(pixels))
    XCTAssertGreaterThan(doubt.meanMargin, 0)

    // With two of the names as distractors, "other" is one label.
    let own = try segmenter.vocabulary(Self.names, background: .names(["grass", "oak"]))
    let other = try XCTUnwrap(try segmenter.segment(encoded, vocabulary: own, doubt: true).doubt)
    let together = expected([[0], [1], [2], [3, 4]])
    XCTAssertEqual(other.meanMargin, together.margin, accuracy: 1e-6)
    XCTAssertEqual(other.unsureShare, together.unsure, accuracy: 1.5 / Double(pixels))

    // It changes nothing else, and is there only where it is asked for.
    let without = try segmenter.segment(encoded, vocabulary: all)
    XCTAssertNil(without.doubt)
    XCTAssertEqual(without.labels, plain.labels)
    XCTAssertEqual(without.classes, plain.classes)
  }

  func testWhereThereIsNone() throws {
    let segmenter = try FakeModel.segmenter(FakeModel())
    let photo = try RGBImage(width: 700, height: 300, pixels: Array(repeating: 9, count: 700 * 300 * 3))
    let one = try segmenter.vocabulary(["left"], background: .none)
    XCTAssertNil(try segmenter.segment(photo, vocabulary: one, shortSide: 64, doubt: true).doubt)
    let two = try segmenter.vocabulary(["left", "right"], background: .none)
    XCTAssertNotNil(try segmenter.segment(photo, vocabulary: two, shortSide: 64, doubt: true).doubt)
    let flipped = try segmenter.segment(
      photo, vocabulary: two, shortSide: 64, views: try ViewOptions(scales: [1, 1.5], flip: true), doubt: true
    )
    XCTAssertNotNil(flipped.doubt)
    let windows = try segmenter.segment(
      photo, vocabulary: two, shortSide: 128, views: try ViewOptions(window: 64), doubt: true)
    XCTAssertNil(windows.doubt)
  }

  /// The same with any number of threads.
  func testThreads() throws {
    let photo = try RGBImage(
      width: 300, height: 200,
      pixels: (0..<300 * 200 * 3).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 9) })
    let found = try [1, 3].map { threads in
      let segmenter = try Segmenter(model: .path(ToyModelFile.path), threads: threads)
      let vocabulary = try segmenter.vocabulary(Self.names, background: .none)
      return try segmenter.segment(photo, vocabulary: vocabulary, doubt: true).doubt
    }
    XCTAssertNotNil(found[0])
    XCTAssertEqual(found[0], found[1])
  }
}
