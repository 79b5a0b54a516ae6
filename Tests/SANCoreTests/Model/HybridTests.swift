import Foundation
import SANCore
import SANWeights
import TestSupport
import XCTest

/// A hybrid model, whose tokens come from a convolutional network, and its dense term: every stage element by element against
/// our reference in float64, the convolutions of the real network against the package that they come from.
///
/// Tolerances: maps, features and mask logits within 1e-4 of the largest magnitude, class logits within 5e-3, scores within 1e-3, as
/// of other models. Embeddings within 4e-5: the toy's ReLU6 and large weights magnify rounding, PyTorch itself is up to 1.9e-5
/// away in float32, and half as much again where weights are rounded to it.
final class HybridTests: XCTestCase {
  /// A picture of the toy: the numbers, its part that is no padding, and the size of the photo that it was resized from.
  private struct Case {
    let name: String
    let content, photo: Grid
  }

  private let cases = [
    Case(name: "64x96", content: Grid(height: 64, width: 96), photo: Grid(height: 64, width: 96)),
    Case(name: "96x160", content: Grid(height: 90, width: 131), photo: Grid(height: 77, width: 112)),
  ]

  private static let toy: Result<SANModel, any Error> = Result {
    let checkpoint = try Checkpoint.open(path: Fixture.url("hybrid/toy.safetensors").path)
    return SANModel(
      try ModelParameters(
        checkpoint: checkpoint,
        configuration: SANConfiguration(path: Fixture.url("hybrid/config.json").path)))
  }

  /// Held for the whole test: matrices are views of its memory.
  private let workspace = Workspace(pool: ThreadPool(threads: 2))

  private func input(_ golden: Golden) throws -> PlanarImage {
    let tensor = try golden["input"]
    return tensor.reshaped(Array(tensor.shape[1...])).planarImage(in: workspace)
  }

  private func compare(
    _ tokens: Matrix, _ golden: Golden, _ name: String, tolerance: Float = 1e-4,
    line: UInt = #line
  ) throws {
    let expected = try golden[name]
    assertClose(
      tokens.transposed.values, expected.values, tolerance: tolerance, relative: true, name, line: line)
  }

  func testConvolutionsAndTokens() throws {
    let model = try Self.toy.get()
    for test in cases {
      let golden = try Golden("hybrid/hybrid_\(test.name).safetensors")
      let image = try input(golden)
      let convolutions = try XCTUnwrap(model.extractor.convolutions)
      let maps = try convolutions(image, workspace: workspace)
      try compare(maps.fine, golden, "stem.8")
      try compare(maps.near.columns(0..<18), golden, "stem.16")
      try compare(maps.far.columns(0..<30), golden, "stem.32")
      try compare(maps.far.columns(30..<74), golden, "stem.head")
      let tokens = workspace.matrix(maps.sixteenth.count, 32)
      model.extractor.stem(image, maps: maps, into: tokens, workspace: workspace)
      try compare(tokens, golden, "stem.tokens")

      var layers = 0
      _ = try model.extractor(image, maps: maps, workspace: workspace) { layer, tokens, _ in
        layers += 1
        try compare(
          tokens.rows(1..<tokens.rows), golden, "clip.feature.\(layer)")
        try compare(tokens.rows(0..<1), golden, "clip.feature.\(layer)_cls_token")
      }
      XCTAssertEqual(layers, 2)
    }
  }

  func testProposals() throws {
    let model = try Self.toy.get()
    for test in cases {
      let golden = try Golden("hybrid/hybrid_\(test.name).safetensors")
      let proposals = try model.encode(try input(golden), workspace: workspace)
      let logits = try golden["mask_logits"]
      XCTAssertEqual([proposals.grid.height, proposals.grid.width], Array(logits.shape[2...]))
      assertClose(proposals.logits, logits, tolerance: 1e-4, relative: true, "mask_logits")
      assertClose(proposals.embeddings, try golden["mask_embed"], tolerance: 4e-5, "mask_embed")
      let places = try XCTUnwrap(proposals.places)
      assertClose(places.embeddings, try golden["place_embed"], tolerance: 4e-5, "place_embed")

      let classifier = try golden["text_classifier"]
      let classLogits = model.classLogits(proposals, classifier: classifier)
      let placeLogits = model.classLogits(places.embeddings, classifier: classifier)
      assertClose(classLogits, try golden["class_logits"], tolerance: 5e-3, "class_logits")
      assertClose(placeLogits, try golden["place_logits"], tolerance: 5e-3, "place_logits")
      let scores = ClassScores(
        classLogits, places: placeLogits, of: proposals, dense: model.configuration.dense)
      assertClose(scores.masks, try golden["shares"], tolerance: 1e-3, "shares")
      let probabilities = try XCTUnwrap(scores.places)  // [h·w, K], half of what they are
      let expected = try golden["places"].values
      for place in 0..<probabilities.shape[0] {
        for index in 0..<5 {
          XCTAssertEqual(
            probabilities[place * 5 + index], 0.5 * expected[index * probabilities.shape[0] + place],
            accuracy: 1e-4)
        }
      }
    }
  }

  func testScoresOfPixels() throws {
    let model = try Self.toy.get()
    for test in cases {
      let golden = try Golden("hybrid/hybrid_\(test.name).safetensors")
      let proposals = try model.encode(try input(golden), workspace: workspace)
      let classifier = try golden["text_classifier"]
      let logits = model.classLogits(proposals, classifier: classifier)
      let places = try XCTUnwrap(proposals.places)
      let all = ClassScores(
        logits, places: model.classLogits(places.embeddings, classifier: classifier), of: proposals,
        dense: model.configuration.dense)
      let padded = SemanticScores(
        proposals, scores: all, cropped: proposals.imageSize, size: proposals.imageSize)
      assertClose(
        try padded.tensor(workspace: workspace), try golden["sem_seg"], tolerance: 1e-3, "\(test.name) padded"
      )
      let photo = SemanticScores(proposals, scores: all, cropped: test.content, size: test.photo)
      assertClose(
        try photo.tensor(workspace: workspace), try golden["sem_seg.photo"], tolerance: 1e-3,
        "\(test.name) photo")
    }
  }

  /// Labels are those of all classes, to the last bit, though few classes are scored.
  func testLeadingClassesWithPlaces() throws {
    let model = try Self.toy.get()
    for test in cases {
      let golden = try Golden("hybrid/hybrid_\(test.name).safetensors")
      let proposals = try model.encode(try input(golden), workspace: workspace)
      let places = try XCTUnwrap(proposals.places)
      let classes = 120
      // Each mask and each part of the picture has a class of its own, beside which the others are faint.
      func scores(_ rows: Int, seed: UInt64) -> Tensor {
        let noise = Floats(rows * classes, seed: seed, range: 0.001).values
        return Tensor(
          shape: [rows, classes],
          noise.enumerated().map { index, value in
            let (row, name) = (index / classes, index % classes)
            return abs(value) + (name == 5 * (4 * row / rows) + Int(seed) ? 0.9 : 0)
          })
      }
      let made = ClassScores(
        masks: scores(7, seed: 3), places: scores(places.grid.count, seed: 4))
      let scored = SemanticScores(proposals, scores: made, cropped: test.content, size: test.photo)
      let all = try scored.tensor(workspace: workspace).values
      let size = test.photo.count
      let winners = WinnersOfPixels(size)
      try scored.forEachLeadingStrip(workspace: workspace) { strip, numbers, pixels in
        winners.take(strip, Array(numbers), pixels)
      }
      for pixel in 0..<size {
        var (best, label) = (-Float.infinity, -1)
        for index in 0..<classes where all[index * size + pixel] > best {
          (best, label) = (all[index * size + pixel], index)
        }
        XCTAssertEqual(winners.values[pixel].label, label)
        XCTAssertEqual(winners.values[pixel].score, best)
      }
      XCTAssertLessThan(winners.scored, classes * size / 2, "most classes are left out")
    }
  }

  /// The maps of the embedded model's own convolutions on photos, against the package's PyTorch model: with these very weights,
  /// and with its own, from which half precision may differ.
  func testTheRealNetwork() throws {
    let path = try SANWeights.modelPath()
    let checkpoint = try Checkpoint.open(path: path)
    let model = SANModel(
      try ModelParameters(
        checkpoint: checkpoint, configuration: SANConfiguration.find(for: checkpoint)))
    let convolutions = try XCTUnwrap(model.extractor.convolutions)
    for (name, height, width) in [
      ("chelsea_96x128", 96, 128), ("coffee_128x96", 128, 96), ("coffee_64x160", 64, 160),
    ] {
      let golden = try Golden("hybrid/lite2_\(name).safetensors")
      let pixels = try bytes("pixels", of: "hybrid/lite2_\(name).safetensors")
      let size = Grid(height: height, width: width)
      let image = pixels.withUnsafeBufferPointer {
        ImageNormalization.normalize(
          $0.baseAddress!, size: size, input: model.configuration.input, workspace: workspace)
      }
      let maps = try convolutions(image, workspace: workspace)
      for (stage, map) in [
        ("8", maps.fine), ("16", maps.near.columns(0..<120)), ("32", maps.far.columns(0..<352)),
        ("head", maps.far.columns(352..<1632)),
      ] {
        try compare(map, golden, "rounded.\(stage)")
        try compare(map, golden, "package.\(stage)", tolerance: 0.015)
      }
    }
  }

  /// The bytes of an 8-bit tensor in a fixture, which are no weights.
  private func bytes(_ tensor: String, of file: String) throws -> [UInt8] {
    let file = try Fixture.bytes(file)
    let length = (0..<8).reduce(0) { $0 | Int(file[$1]) << (8 * $1) }
    let header = try file[8..<8 + length].withUnsafeBytes { try JSONValue(parsing: $0) }
    guard case .object(let members) = header,
      case .object(let entry)? = members.first(where: { $0.name == tensor })?.value,
      case .array(let offsets)? = entry.first(where: { $0.name == "data_offsets" })?.value,
      case .integer(let start) = offsets[0], case .integer(let end) = offsets[1]
    else { throw CocoaError(.fileReadCorruptFile) }
    return Array(file[8 + length + start..<8 + length + end])
  }
}

/// The best class of each pixel and its score, gathered from several threads.
private final class WinnersOfPixels: @unchecked Sendable {
  private(set) var values: [(label: Int, score: Float)]
  private(set) var scored = 0
  private let lock = NSLock()

  init(_ count: Int) { values = Array(repeating: (-1, -.infinity), count: count) }

  func take(_ strip: Matrix, _ numbers: [Int], _ pixels: Range<Int>) {
    lock.withLock {
      scored += strip.rows * strip.columns
      for (row, number) in numbers.enumerated() {
        for (column, pixel) in pixels.enumerated() where strip.row(row)[column] > values[pixel].score {
          values[pixel] = (number, strip.row(row)[column])
        }
      }
    }
  }
}
