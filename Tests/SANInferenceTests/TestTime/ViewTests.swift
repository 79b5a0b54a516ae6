import Foundation
import SANCore
import SANInference
import TestSupport
import XCTest

/// Several views of a photo: scales, mirror images, windows.
final class ViewTests: XCTestCase {
  private static let classes = ["cat", "sky", "a red car", "grass", "oak", "river"]
  private static let shared = try? ToyModelFile.segmenter()
  private var segmenter: Segmenter { get throws { try XCTUnwrap(Self.shared) } }

  private func noise(width: Int, height: Int) throws -> RGBImage {
    try RGBImage(
      width: width, height: height,
      pixels: (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
  }

  private func result(
    _ image: RGBImage, _ views: ViewOptions, shortSide: Int? = nil, by segmenter: Segmenter? = nil
  ) throws -> Segmentation {
    let segmenter = try segmenter ?? self.segmenter
    return try segmenter.segment(
      image, vocabulary: segmenter.vocabulary(Self.classes, background: .none), shortSide: shortSide,
      views: views, scores: true)
  }

  private func assertSame(_ a: Segmentation, _ b: Segmentation, _ message: String) throws {
    XCTAssertEqual(try XCTUnwrap(a.scores).values, try XCTUnwrap(b.scores).values, message)
    XCTAssertEqual(a.labels, b.labels, message)
    XCTAssertEqual(a.classes, b.classes, message)
  }

  /// Against our PyTorch reference, which resizes and blends each view's full score map in float64.
  func testScoresAgainstTheReference() throws {
    let cases: [(name: String, views: ViewOptions, runs: Int)] = [
      ("toy_views_scales_flip", try ViewOptions(scales: [0.5, 1, 1.5], flip: true), 6),
      ("toy_views_window", try ViewOptions(window: 96, overlap: 0.25), 6),
      ("toy_views_all", try ViewOptions(scales: [0.75, 1.25], flip: true, window: 100, overlap: 0.6), 42),
    ]
    for (name, views, runs) in cases {
      let golden = try Golden("reference/\(name).safetensors")
      let pixels = try golden["photo"]  // [height, width, 3]
      let photo = try RGBImage(
        width: pixels.shape[1], height: pixels.shape[0], pixels: pixels.values.map { UInt8($0) })
      XCTAssertEqual(try segmenter.encode(photo, views: views).views.count, runs, name)
      let scores = try XCTUnwrap(result(photo, views).scores)
      assertClose(scores, try golden["scores"], tolerance: 1e-3, name)
    }
  }

  func testOneViewIsTheDefault() throws {
    for (width, height) in [(70, 41), (33, 90)] {
      let image = try noise(width: width, height: height)
      let plain = try segmenter.segment(
        image, vocabulary: segmenter.vocabulary(Self.classes, background: .none), scores: true)
      try assertSame(result(image, ViewOptions(scales: [1], flip: false)), plain, "one scale of 1")
      try assertSame(result(image, ViewOptions(window: 400, overlap: 0.5)), plain, "a window larger than all")
    }
  }

  /// A scale is a factor of the short side.
  func testOneScaleIsASize() throws {
    let image = try noise(width: 70, height: 41)
    try assertSame(result(image, ViewOptions(scales: [0.5])), result(image, .one, shortSide: 64), "half")
    try assertSame(
      result(image, ViewOptions(scales: [1.5]), shortSide: 64), result(image, .one, shortSide: 96),
      "half more")
  }

  /// Of an exact size, both sides are scaled.
  func testScalesOfAnExactSize() throws {
    let image = try noise(width: 70, height: 41)
    let views = try ViewOptions(scales: [1, 0.5])
    let encoded = try segmenter.encode(image, resizedTo: TargetSize(width: 131, height: 90), views: views)
    XCTAssertEqual(encoded.views.map(\.resized), [Grid(height: 90, width: 131), Grid(height: 45, width: 66)])
  }

  /// The mean of views is the mean of what each gives alone.
  func testScoresAreTheMeanOfEachView() throws {
    let image = try noise(width: 61, height: 47)
    let together = try XCTUnwrap(result(image, ViewOptions(scales: [0.5, 1, 2])).scores)
    let each = try [0.5, 1, 2].map { try XCTUnwrap(result(image, ViewOptions(scales: [$0])).scores) }
    for index in 0..<together.count {
      let mean = (Double(each[0][index]) + Double(each[1][index]) + Double(each[2][index])) / 3
      XCTAssertEqual(Double(together[index]), mean, accuracy: 1e-5)
    }
  }

  /// With `flip` a mirrored photo gives the mirrored scores: the views are the same, summed in the other order.
  func testMirroredPhotoGivesMirroredScores() throws {
    for views in [try ViewOptions(flip: true), try ViewOptions(scales: [1, 1.5], flip: true, window: 96)] {
      let image = try noise(width: 71, height: 50)
      let mirrored = try RGBImage(
        width: 71, height: 50,
        pixels: (0..<50 * 71 * 3).map { index in
          let (y, x, channel) = (index / 213, index % 213 / 3, index % 3)
          return image.pixels[(y * 71 + 70 - x) * 3 + channel]
        })
      let (a, b) = (try XCTUnwrap(result(image, views).scores), try XCTUnwrap(result(mirrored, views).scores))
      var largest: Float = 0
      for index in 0..<a.count {
        let (line, x) = (index / 71, index % 71)
        largest = max(largest, abs(a[index] - b[line * 71 + 70 - x]))
      }
      XCTAssertLessThan(largest, 2e-6)
    }
  }

  func testSameResultWithAnyNumberOfThreads() throws {
    let image = try noise(width: 93, height: 60)
    let views = try ViewOptions(scales: [0.75, 1.5], flip: true, window: 96)
    let reference = try result(image, views)
    for threads in [1, 3] {
      let other = try ToyModelFile.segmenter(threads: threads)
      try assertSame(result(image, views, by: other), reference, "\(threads) threads")
    }
  }

  /// Threshold, coverage and mean score work on the blended scores.
  func testSummary() throws {
    let image = try noise(width: 90, height: 67)
    let views = try ViewOptions(flip: true, window: 80)
    let plain = try result(image, views)
    let scores = try XCTUnwrap(plain.scores)
    let count = 90 * 67
    let best = (0..<count).map { pixel in (0..<6).map { scores[$0 * count + pixel] }.max()! }
    let threshold = best.sorted()[count / 2]
    let segmenter = try self.segmenter
    let encoded = try segmenter.encode(image, views: views)
    let cut = try segmenter.segment(
      encoded, vocabulary: segmenter.vocabulary(Self.classes, background: .none), threshold: threshold)
    var pixels = [Int](repeating: 0, count: 6)
    for pixel in 0..<count {
      let label = plain.labels.labels[pixel]
      XCTAssertEqual(scores[Int(label) * count + pixel], best[pixel])
      XCTAssertEqual(cut.labels.labels[pixel], best[pixel] >= threshold ? label : LabelMap.other)
      if best[pixel] >= threshold { pixels[Int(label)] += 1 }
    }
    XCTAssertEqual(cut.classes.map(\.pixels), pixels)
  }

  /// Every view scores a class by the best of its names.
  func testSynonyms() throws {
    let image = try noise(width: 60, height: 44)
    let segmenter = try self.segmenter
    let views = try ViewOptions(scales: [0.5, 1])
    let vocabulary = try segmenter.vocabulary(
      [ClassName("cat", synonyms: ["cat", "kitten"]), ClassName("sky")], background: .none)
    func scores(_ views: ViewOptions) throws -> Tensor {
      try XCTUnwrap(segmenter.segment(image, vocabulary: vocabulary, views: views, scores: true).scores)
    }
    let together = try scores(views)
    let (half, whole) = (try scores(ViewOptions(scales: [0.5])), try scores(.one))
    XCTAssertEqual(together.shape, [2, 44, 60])
    for index in 0..<together.count {
      XCTAssertEqual(together[index], (half[index] + whole[index]) / 2, accuracy: 1e-5)
    }
  }

  func testOddSizes() throws {
    let views = try ViewOptions(scales: [0.5, 1.5], flip: true, window: 64, overlap: 0.5)
    for (width, height) in [(1, 1), (3000, 2), (2, 3000), (33, 47), (481, 5)] {
      let labels = try result(try noise(width: width, height: height), views).labels
      XCTAssertEqual(labels.size, Grid(height: height, width: width))
      XCTAssertFalse(labels.labels.contains(LabelMap.other))
    }
  }

  /// What is kept of a photo grows with its resized area: masks of each window, and nothing of the photo's size.
  func testMemoryGrowsWithTheResizedArea() throws {
    let segmenter = try self.segmenter
    let configuration = segmenter.model.configuration
    for (width, height) in [(64, 48), (900, 675)] {
      let encoded = try segmenter.encode(
        try noise(width: width, height: height), shortSide: 600, views: ViewOptions(window: 96))
      XCTAssertEqual(encoded.views.count, 8 * 11)
      let floats = encoded.views.reduce(0) { $0 + $1.proposals.logits.count + $1.proposals.embeddings.count }
      let patches = (96 / configuration.sideAdapter.patchSize) * (96 / configuration.sideAdapter.patchSize)
      XCTAssertEqual(
        floats, 88 * configuration.sideAdapter.queries * (patches + configuration.clip.embedding))
    }
  }

  func testViewsSayWhatTheySaw() throws {
    let encoded = try segmenter.encode(
      try noise(width: 90, height: 60), views: ViewOptions(flip: true, window: 128))
    XCTAssertEqual(encoded.views.map(\.columns), [0..<128, 64..<192, 0..<128, 64..<192])
    XCTAssertEqual(encoded.views.map(\.isMirrored), [false, false, true, true])
    XCTAssert(encoded.views.allSatisfy { $0.rows == 0..<128 && $0.resized == Grid(height: 128, width: 192) })
    XCTAssertEqual(encoded.resized, Grid(height: 128, width: 192))
    XCTAssertEqual(encoded.proposals.logits.values, encoded.views[0].proposals.logits.values)
  }

  func testProgressAndCancellation() throws {
    let seen = SeenProgress()
    let control = RunControl { progress in
      seen.append(progress)
    }
    let image = try noise(width: 64, height: 48)
    let views = try ViewOptions(scales: [0.5, 1], flip: true)
    let encoded = try segmenter.encode(image, views: views, control: control)
    let clip = seen.all.filter { $0.stage == .clip }
    XCTAssertEqual(clip.map(\.view), [0, 1, 2, 3])
    XCTAssert(clip.allSatisfy { $0.views == 4 })
    XCTAssertEqual(seen.all.filter { $0.stage == .image }.map(\.view), [0, 2])
    XCTAssertEqual(encoded.timings.stages.map(\.stage), [.image, .clip, .side, .decoder, .recognition])

    let stopped = RunControl { progress in
      if progress.view == 2 { seen.stop?.cancel() }
    }
    seen.stop = stopped
    XCTAssertThrowsError(try segmenter.encode(image, views: views, control: stopped)) {
      XCTAssert($0 is CancellationError)
    }
    let vocabulary = try segmenter.vocabulary(["cat"], background: .none)
    let labelling = RunControl { progress in
      if progress.stage == .labels { seen.stop?.cancel() }
    }
    seen.stop = labelling
    XCTAssertThrowsError(try segmenter.segment(encoded, vocabulary: vocabulary, control: labelling)) {
      XCTAssert($0 is CancellationError)
    }
  }

  func testAsync() async throws {
    let segmenter = try self.segmenter
    let image = try noise(width: 64, height: 48)
    let vocabulary = try await segmenter.vocabulary(Self.classes, background: .none)
    let views = try ViewOptions(flip: true)
    let labels = try await segmenter.segment(image, vocabulary: vocabulary, views: views).labels
    XCTAssertEqual(labels, try result(image, views).labels)
  }
}

/// What a control reported, and the control that a report stops.
private final class SeenProgress: @unchecked Sendable {
  private let lock = NSLock()
  private var list: [RunProgress] = []
  private var control: RunControl?
  var all: [RunProgress] { lock.withLock { list } }
  var stop: RunControl? {
    get { lock.withLock { control } }
    set { lock.withLock { control = newValue } }
  }
  func append(_ progress: RunProgress) { lock.withLock { list.append(progress) } }
}
