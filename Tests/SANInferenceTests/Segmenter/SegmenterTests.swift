import Foundation
import SANCore
import SANInference
import TestSupport
import XCTest

final class SegmenterTests: XCTestCase {
  private static let classes = ["cat", "sky", "a red car", "grass", "oak", "river"]
  private static let shared = try? ToyModelFile.segmenter()
  private var segmenter: Segmenter { get throws { try XCTUnwrap(Self.shared) } }

  private func photo(_ golden: Golden) throws -> RGBImage {
    let pixels = try golden["photo"]  // [height, width, 3]
    return try RGBImage(
      width: pixels.shape[1], height: pixels.shape[0], pixels: pixels.values.map { UInt8($0) })
  }

  private func noise(width: Int, height: Int) throws -> RGBImage {
    try RGBImage(
      width: width, height: height,
      pixels: (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
  }

  /// From 8-bit pixels to scores at the photo's size, against our PyTorch reference with Pillow's resize.
  func testPhotosAgainstTheReference() throws {
    for name in ["toy_photo_61x97", "toy_photo_150x83"] {
      let golden = try Golden("reference/\(name).safetensors")
      let vocabulary = try segmenter.vocabulary(Self.classes, background: .none)
      let result = try segmenter.segment(try photo(golden), vocabulary: vocabulary, scores: true)
      assertClose(result.classLogits, try golden["class_logits"], tolerance: 5e-3, name)
      let expected = try golden["scores"]  // [K, height, width]
      assertClose(try XCTUnwrap(result.scores), expected, tolerance: 1e-3, name)

      // Where the reference's best class leads clearly, it is the label.
      let pixels = expected.shape[1] * expected.shape[2]
      var clear = 0
      for pixel in 0..<pixels {
        let scores = (0..<Self.classes.count).map { expected[$0 * pixels + pixel] }
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        guard scores[order[0]] - scores[order[1]] > 2e-3 else { continue }
        clear += 1
        XCTAssertEqual(Int(result.labels.labels[pixel]), order[0], "\(name), pixel \(pixel)")
      }
      XCTAssertGreaterThan(clear, pixels / 2, name)
    }
  }

  /// Weights that are finite, each, yet far too large, end in an error that names the file.
  func testNumbersThatOverflow() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("huge-\(getpid()).safetensors")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    for part in ["clip_visual_extractor", "side_adapter_network", "clip_rec_head", "ov_classifier"] {
      try ToyModelFile.write(to: path) { name, tensor in
        let scaled = name.hasPrefix(part) && tensor.shape.count > 1
        return scaled ? Tensor(shape: tensor.shape, tensor.values.map { $0 * 1e37 }) : tensor
      }
      let segmenter = try Segmenter(model: .path(path), threads: 2)
      XCTAssertThrowsError(
        try segmenter.segment(
          try noise(width: 70, height: 41), vocabulary: segmenter.vocabulary(Self.classes)), part
      ) {
        XCTAssertEqual($0 as? ParameterError, .overflow(file: path), part)
        XCTAssertTrue("\($0)".hasPrefix("\(path): the network's output is not finite: "), "\($0)")
      }
    }
  }

  /// Coverage and mean score are what a count over labels and scores gives.
  func testSummary() throws {
    let image = try noise(width: 70, height: 41)
    let vocabulary = try segmenter.vocabulary(Self.classes, background: .names(["dog", "road"]))
    let result = try segmenter.segment(image, vocabulary: vocabulary, scores: true)
    let scores = try XCTUnwrap(result.scores)
    XCTAssertEqual(scores.shape, [6, 41, 70])
    var pixels = [Int](repeating: 0, count: 6)
    var sums = [Double](repeating: 0, count: 6)
    for (index, label) in result.labels.labels.enumerated() where label != LabelMap.other {
      pixels[Int(label)] += 1
      sums[Int(label)] += Double(scores[Int(label) * 41 * 70 + index])
    }
    for (index, found) in result.classes.enumerated() {
      XCTAssertEqual(found.name, Self.classes[index])
      XCTAssertEqual(Int(found.label), index)
      XCTAssertEqual(found.pixels, pixels[index])
      XCTAssertEqual(found.coverage, Double(pixels[index]) / 2870, accuracy: 1e-12)
      XCTAssertEqual(
        found.meanScore, pixels[index] == 0 ? 0 : sums[index] / Double(pixels[index]), accuracy: 1e-6)
    }
    let other = try XCTUnwrap(result.other)
    XCTAssertEqual(other.pixels, 2870 - pixels.reduce(0, +))
  }

  func testThreshold() throws {
    let image = try noise(width: 50, height: 40)
    let vocabulary = try segmenter.vocabulary(Self.classes, background: .none)
    let plain = try segmenter.segment(image, vocabulary: vocabulary, scores: true)
    XCTAssertNil(plain.other)
    XCTAssertFalse(plain.labels.labels.contains(LabelMap.other))
    let scores = try XCTUnwrap(plain.scores)
    let best = (0..<2000).map { pixel in (0..<6).map { scores[$0 * 2000 + pixel] }.max()! }
    let threshold = best.sorted()[1000]
    let cut = try segmenter.segment(image, vocabulary: vocabulary, threshold: threshold)
    for pixel in 0..<2000 {
      XCTAssertEqual(
        cut.labels.labels[pixel], best[pixel] >= threshold ? plain.labels.labels[pixel] : LabelMap.other)
    }
  }

  func testOneEncodingServesManyVocabularies() throws {
    let image = try noise(width: 64, height: 48)
    let encoded = try segmenter.encode(image)
    for classes in [["cat"], ["dog", "cat"], Self.classes] {
      let vocabulary = try segmenter.vocabulary(classes)
      let once = try segmenter.segment(encoded, vocabulary: vocabulary)
      let whole = try segmenter.segment(image, vocabulary: vocabulary)
      XCTAssertEqual(once.labels, whole.labels)
      XCTAssertEqual(once.classes, whole.classes)
    }
  }

  func testSameResultWithAnyNumberOfThreads() throws {
    let image = try noise(width: 93, height: 60)
    let reference = try segmenter.segment(image, vocabulary: segmenter.vocabulary(Self.classes), scores: true)
    for threads in [1, 3] {
      let other = try ToyModelFile.segmenter(threads: threads)
      let result = try other.segment(image, vocabulary: other.vocabulary(Self.classes), scores: true)
      XCTAssertEqual(result.labels, reference.labels, "\(threads) threads")
      XCTAssertEqual(result.scores?.values, reference.scores?.values, "\(threads) threads")
      XCTAssertEqual(result.classes, reference.classes, "\(threads) threads")
    }
  }

  func testOddSizes() throws {
    let vocabulary = try segmenter.vocabulary(["cat", "dog"])
    for (width, height) in [(1, 1), (3000, 2), (2, 3000), (33, 47), (47, 33)] {
      let result = try segmenter.segment(try noise(width: width, height: height), vocabulary: vocabulary)
      XCTAssertEqual(result.labels.size, Grid(height: height, width: width))
      let total = result.classes.reduce(result.other?.pixels ?? 0) { $0 + $1.pixels }
      XCTAssertEqual(total, width * height)
    }
  }

  func testShortSide() throws {
    let image = try noise(width: 90, height: 60)
    XCTAssertEqual(try segmenter.encode(image).resized, Grid(height: 128, width: 192))
    XCTAssertEqual(try segmenter.encode(image, shortSide: 64).resized, Grid(height: 64, width: 96))
    XCTAssertEqual(try segmenter.encode(image, shortSide: 1).resized, Grid(height: 1, width: 1))
  }

  func testManyRunsAtOnce() throws {
    let segmenter = try self.segmenter
    let image = try noise(width: 64, height: 48)
    let vocabulary = try segmenter.vocabulary(Self.classes)
    let expected = try segmenter.segment(image, vocabulary: vocabulary).labels
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      XCTAssertEqual(try? segmenter.segment(image, vocabulary: vocabulary).labels, expected)
    }
  }

  func testAsync() async throws {
    let segmenter = try self.segmenter
    let image = try noise(width: 64, height: 48)
    let vocabulary = try await segmenter.vocabulary(Self.classes)
    let result = try await segmenter.segment(image, vocabulary: vocabulary)
    XCTAssertEqual(result.labels.labels.count, 64 * 48)
  }

  func testCancellation() async throws {
    let segmenter = try self.segmenter
    let image = try noise(width: 64, height: 48)
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await segmenter.encode(image)
    }
    do {
      _ = try await task.value
      XCTFail("a cancelled run ends with an error")
    } catch {
      XCTAssert(error is CancellationError, "\(error)")
    }
  }

  func testCancelledControl() throws {
    let control = RunControl()
    control.cancel()
    let segmenter = try self.segmenter
    let image = try noise(width: 64, height: 48)
    XCTAssertThrowsError(try segmenter.vocabulary(["cat"], control: control)) {
      XCTAssert($0 is CancellationError)
    }
    XCTAssertThrowsError(try segmenter.encode(image, control: control)) { XCTAssert($0 is CancellationError) }
  }

  func testProgress() throws {
    let seen = Seen()
    let control = RunControl { seen.append($0) }
    let image = try noise(width: 64, height: 48)
    let vocabulary = try segmenter.vocabulary(Self.classes, background: .none, control: control)
    _ = try segmenter.segment(image, vocabulary: vocabulary, control: control)
    let stages = seen.all.map(\.stage)
    XCTAssertEqual(stages.filter { $0 != .text }, [.image, .clip, .side, .decoder, .recognition, .labels])
    XCTAssertEqual(seen.all.last { $0.stage == .text }?.completed, 84)
    XCTAssert(seen.all.allSatisfy { $0.stage != .text || $0.total == 84 })
  }

  func testTimingsNameEveryStage() throws {
    let result = try segmenter.segment(
      try noise(width: 64, height: 48), vocabulary: segmenter.vocabulary(["cat"], background: .none))
    XCTAssertEqual(
      result.timings.stages.map(\.stage), [.image, .clip, .side, .decoder, .recognition, .labels])
  }
}

/// What a control reported.
private final class Seen: @unchecked Sendable {
  private let lock = NSLock()
  private var list: [RunProgress] = []
  var all: [RunProgress] { lock.withLock { list } }
  func append(_ progress: RunProgress) { lock.withLock { list.append(progress) } }
}
