import SANCore
import SANInference
import TestSupport
import XCTest

/// What a segmenter is asked for in vain ends in an error that says so, never in a trap or in labels that mean nothing.
final class ArgumentTests: XCTestCase {
  private static let shared = try? ToyModelFile.segmenter()
  private var segmenter: Segmenter { get throws { try XCTUnwrap(Self.shared) } }

  private func photo(width: Int = 40, height: Int = 30) throws -> RGBImage {
    try RGBImage(width: width, height: height, pixels: Array(repeating: 60, count: width * height * 3))
  }

  private func assertRefused(
    _ expected: SegmenterError, file: StaticString = #filePath, line: UInt = #line,
    _ call: () throws -> some Any
  ) {
    XCTAssertThrowsError(try call(), file: file, line: line) { error in
      XCTAssertEqual(error as? SegmenterError, expected, file: file, line: line)
      XCTAssertFalse("\(error)".contains("\n"), file: file, line: line)
    }
  }

  func testShortSides() throws {
    let (segmenter, photo) = (try segmenter, try photo())
    let vocabulary = try segmenter.vocabulary(["cat"], background: .none, templates: .plain)
    for side in [0, -1, .min, .max, 65_536] {
      for views in [ViewOptions.one, try ViewOptions(scales: [0.1, 4], flip: true, window: 64)] {
        assertRefused(.shortSide(side)) { try segmenter.encode(photo, shortSide: side, views: views) }
        assertRefused(.shortSide(side)) {
          try segmenter.segment(photo, vocabulary: vocabulary, shortSide: side, views: views)
        }
      }
    }
    // In range, and yet too large for a photo of this shape.
    XCTAssertThrowsError(try segmenter.encode(photo, shortSide: 65_535)) {
      XCTAssertEqual($0 as? ViewOptionsError, .tooLarge(width: 87_380, height: 65_535))
    }
    let largest = try TargetSize(width: TargetSize.maximumSide, height: TargetSize.maximumSide)
    for scale in [0.1, 1, 4.0] {
      XCTAssertThrowsError(
        try segmenter.encode(photo, resizedTo: largest, views: try ViewOptions(scales: [scale]))
      ) { XCTAssert($0 is ViewOptionsError || $0 is SegmenterError, "\($0)") }
    }
  }

  func testThresholds() throws {
    let segmenter = try segmenter
    let vocabulary = try segmenter.vocabulary(["cat"], background: .none, templates: .plain)
    let encoded = try segmenter.encode(try photo(), shortSide: 64)
    for threshold: Float in [.nan, .signalingNaN, .infinity, -.infinity, -0.001] {
      for call in [
        { try segmenter.segment(encoded, vocabulary: vocabulary, threshold: threshold) },
        { try segmenter.segment(try self.photo(), vocabulary: vocabulary, threshold: threshold) },
      ] {
        XCTAssertThrowsError(try call()) {
          guard case .threshold(let refused)? = $0 as? SegmenterError else { return XCTFail("\($0)") }
          XCTAssertEqual(refused.isNaN, threshold.isNaN)
        }
      }
    }
    let all = try segmenter.segment(encoded, vocabulary: vocabulary, threshold: .greatestFiniteMagnitude)
    XCTAssertEqual(all.other?.pixels, 1200)
  }

  func testNumbersOfThreadsAndRuns() {
    for count in [0, -1, .min, .max, 1025] {
      assertRefused(.threads(count)) { try Segmenter(model: .path(ToyModelFile.path), threads: count) }
      assertRefused(.concurrentRuns(count)) {
        try Segmenter(model: .path(ToyModelFile.path), threads: 1, maximumConcurrentRuns: count)
      }
    }
  }

  /// A vocabulary and an encoded image mean nothing to another model, of the same sizes or of others.
  func testWhatAnotherModelMade() throws {
    let own = try segmenter
    let vocabulary = try own.vocabulary(["cat", "sky"], background: .none, templates: .plain)
    let photo = try photo()
    let encoded = try own.encode(photo, shortSide: 64)

    var narrow = ProceduralModel.toyConfiguration
    (narrow.clip.embedding, narrow.name) = (16, "narrow")
    var others = [try Self.segmenter(ProceduralModel.parameters(narrow))]
    for name in ["ov_classifier.bg_embed", "ov_classifier.logit_scale", "ov_classifier.text_projection"] {
      let toy = ProceduralModel.parameters(ProceduralModel.toyConfiguration)
      others.append(
        try Self.segmenter(
          ModelParameters(configuration: ProceduralModel.toyConfiguration) { key, _ in
            let tensor = toy[key]
            return key == name ? Tensor(shape: tensor.shape, tensor.values.map { $0 * 1.25 }) : tensor
          }))
    }
    for other in others {
      assertRefused(.vocabularyOfAnotherModel(made: "toy", used: other.name)) {
        try other.segment(photo, vocabulary: vocabulary, shortSide: 64)
      }
      assertRefused(.vocabularyOfAnotherModel(made: "toy", used: other.name)) {
        try other.segment(try other.encode(photo, shortSide: 64), vocabulary: vocabulary)
      }
      let names = try other.vocabulary(["cat", "sky"], background: .none, templates: .plain)
      assertRefused(.imageOfAnotherModel(made: "toy", used: other.name)) {
        try other.segment(encoded, vocabulary: names)
      }
    }
    // The same file loaded again, with a cache or without, is the same model.
    let again = try Segmenter(
      model: .path(ToyModelFile.path), threads: 1, textCache: TextCache(folder: nil))
    XCTAssertEqual(
      try again.segment(encoded, vocabulary: vocabulary).labels,
      try own.segment(encoded, vocabulary: vocabulary).labels)
  }

  private static func segmenter(_ parameters: ModelParameters) throws -> Segmenter {
    try Segmenter(
      SANModel(parameters), fingerprint: ModelFingerprint(parameters), path: "other", threads: 1)
  }

  /// Class logits that are no numbers are the model's fault, and told as such.
  func testClassLogitsThatOverflow() throws {
    let segmenter = try FakeModel.segmenter(FakeModel(scale: .infinity))
    let vocabulary = try segmenter.vocabulary(["cat"], background: .none, templates: .plain)
    for views in [ViewOptions.one, try ViewOptions(flip: true)] {
      XCTAssertThrowsError(
        try segmenter.segment(try photo(), vocabulary: vocabulary, shortSide: 64, views: views)
      ) { XCTAssertEqual($0 as? ParameterError, .overflow(file: "fake")) }
    }
  }

  // MARK: Scores as they are made

  /// Takes scores, and calls `body` each time.
  private final class Sink: ScoreSink {
    let (classes, size): (Int, Grid)
    let taken = Log<(pixels: Range<Int>, scores: [Float])>()
    let body: @Sendable () -> Void
    struct Full: Error {}
    let isFull: @Sendable () -> Bool

    init(
      classes: Int, size: Grid, _ body: @escaping @Sendable () -> Void = {},
      isFull: @escaping @Sendable () -> Bool = { false }
    ) {
      (self.classes, self.size, self.isFull, self.body) = (classes, size, isFull, body)
    }

    func fits(classCount: Int, size: Grid) -> Bool { classCount == classes && size == self.size }
    func take(_ band: Matrix, pixels: Range<Int>) {
      taken.append((pixels, (0..<classes).flatMap { k in (0..<pixels.count).map { band.row(k)[$0] } }))
      body()
    }
    func check() throws {
      if isFull() { throw Full() }
    }
  }

  func testScoresComeInWholeRows() throws {
    let segmenter = try segmenter
    let vocabulary = try segmenter.vocabulary(
      ["cat", "sky"], background: .names(["road"]), templates: .plain)
    let size = Grid(height: 131, width: 300)
    let photo = try photo(width: size.width, height: size.height)
    for views in [ViewOptions.one, try ViewOptions(scales: [0.5, 1])] {
      let sink = Sink(classes: 2, size: size)
      let result = try segmenter.segment(
        photo, vocabulary: vocabulary, shortSide: 64, views: views, scores: true, scoresFile: sink)
      let scores = try XCTUnwrap(result.scores).values
      var next = 0
      for band in sink.taken.all.sorted(by: { $0.pixels.lowerBound < $1.pixels.lowerBound }) {
        XCTAssertEqual(band.pixels.lowerBound, next)
        next = band.pixels.upperBound
        XCTAssertTrue(band.pixels.count.isMultiple(of: size.width), "whole rows")
        for k in 0..<2 {
          let expected = scores[k * size.count + band.pixels.lowerBound..<k * size.count + next]
          let taken = band.scores[k * band.pixels.count..<(k + 1) * band.pixels.count]
          XCTAssertEqual(Array(taken), Array(expected))
        }
      }
      XCTAssertEqual(next, size.count)
      XCTAssertLessThan(sink.taken.all.count, size.height / 3, "several rows at a time")
    }
    let other = Sink(classes: 3, size: size)
    assertRefused(.scoresDoNotFit(classes: 2, width: 300, height: 131)) {
      try segmenter.segment(photo, vocabulary: vocabulary, shortSide: 64, scoresFile: other)
    }
  }

  /// Labels end between two bands once the run is cancelled, or the scores cannot be taken, of one view as of several.
  func testLabelsEndBetweenBands() throws {
    let segmenter = try ToyModelFile.segmenter(threads: 1)
    let vocabulary = try segmenter.vocabulary(["cat", "sky"], background: .none, templates: .plain)
    let size = Grid(height: 200, width: 100)
    let photo = try photo(width: size.width, height: size.height)
    for views in [
      ViewOptions.one, try ViewOptions(flip: true), try ViewOptions(scales: [0.5, 1], window: 64),
    ] {
      let encoded = try segmenter.encode(photo, shortSide: 64, views: views)
      let control = RunControl()
      let cancelling = Sink(classes: 2, size: size) { control.cancel() }
      XCTAssertThrowsError(
        try segmenter.segment(encoded, vocabulary: vocabulary, scoresFile: cancelling, control: control)
      ) { XCTAssert($0 is CancellationError, "\($0)") }
      XCTAssertEqual(cancelling.taken.all.count, 1)

      let written = Log<Bool>()
      let full = Sink(
        classes: 2, size: size, { written.append(true) }, isFull: { !written.all.isEmpty })
      XCTAssertThrowsError(try segmenter.segment(encoded, vocabulary: vocabulary, scoresFile: full)) {
        XCTAssert($0 is Sink.Full, "\($0)")
      }
      XCTAssertEqual(full.taken.all.count, 1)

      // Without a file as well: the progress of the stage itself cancels it.
      let controls = Log<RunControl>()
      let stopping = RunControl { if $0.stage == .labels { controls.all.first?.cancel() } }
      controls.append(stopping)
      XCTAssertThrowsError(try segmenter.segment(encoded, vocabulary: vocabulary, control: stopping)) {
        XCTAssert($0 is CancellationError, "\($0)")
      }
    }
  }
}
