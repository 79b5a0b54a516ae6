import SANCore
import TestSupport
import XCTest

/// Configurations of random sizes, through to labels: what validation lets pass must run on every picture.
final class ConfigurationFuzzTests: XCTestCase {
  /// Random sizes that look sound, some of which are not.
  private func configuration(_ random: inout Mutator) -> SANConfiguration {
    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    func pick<T>(_ values: [T]) -> T { values.randomElement(using: &random)! }
    func grid() -> Grid { Grid(height: number(1...6), width: number(1...6)) }
    let (heads, textHeads, sideHeads) = (number(1...3), number(1...3), number(1...3))
    let layers = number(2...4)
    let extractorLayers = number(1...layers - 1)
    let sideLayers = number(1...3)
    var fusion: [SANConfiguration.Fusion] = []
    for block in 0...sideLayers where block == 0 || Bool.random(using: &random) {
      fusion.append(.init(clipLayer: number(0...extractorLayers), sideBlock: block))
    }
    var configuration = ProceduralModel.toyConfiguration
    configuration.clip.image.width = heads * number(1...9)
    configuration.clip.image.layers = layers
    configuration.clip.image.heads = heads
    configuration.clip.image.patchSize = pick([1, 2, 3, 4, 5, 7, 8, 14, 16, 22, 31, 32, 33, 64, 256])
    configuration.clip.image.grid = grid()
    configuration.clip.text.width = textHeads * number(1...9)
    configuration.clip.text.layers = number(1...2)
    configuration.clip.text.heads = textHeads
    configuration.clip.text.contextLength = number(3...9)
    configuration.clip.text.vocabularySize = number(515...520)
    configuration.clip.embedding = number(1...19)
    configuration.clip.resolutionScale = pick([
      1, 0.99, 0.7, 0.5, 0.34, 1 / 3, 0.25, 0.1, 0.04, 0.03125, 0.03, 0.01,
    ])
    configuration.clip.extractorLayers = extractorLayers
    configuration.sideAdapter.width = sideHeads * number(1...9)
    configuration.sideAdapter.layers = sideLayers
    configuration.sideAdapter.heads = sideHeads
    configuration.sideAdapter.patchSize = pick([1, 3, 4, 8, 15, 16, 17, 31, 32, 33, 64, 256])
    configuration.sideAdapter.grid = grid()
    configuration.sideAdapter.fusion = fusion
    configuration.sideAdapter.queries = number(1...12)
    configuration.maskDecoder.channels = number(1...20)
    configuration.maskDecoder.mlpLayers = number(2...4)
    configuration.maskDecoder.biasHeads = heads
    configuration.maskDecoder.stride = configuration.sideAdapter.patchSize
    if number(0...2) == 0 { makeHybrid(&configuration, &random) }
    return configuration
  }

  /// Gives a configuration a convolutional stem, mostly one that fits.
  private func makeHybrid(_ configuration: inout SANConfiguration, _ random: inout Mutator) {
    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    func pick<T>(_ values: [T]) -> T { values.randomElement(using: &random)! }
    let strides = pick([
      [2, 2, 2, 2], [1, 2, 2, 2, 2], [2, 1, 2, 1, 2, 2, 1], [2, 2, 2], [2, 2, 2, 2, 2],
    ])
    configuration.clip.image.stem = SANConfiguration.Stem(
      channels: number(0...7),
      blocks: strides.map { stride in
        SANConfiguration.Stem.Stage(
          expansion: number(1...3), kernel: pick([3, 5]), stride: stride, channels: number(1...9),
          repeats: number(1...2))
      }, head: number(1...20), hidden: number(1...20))
    configuration.clip.image.patchSize = pick([16, 16, 16, 8])
    configuration.sideAdapter.patchSize = pick([16, 16, 16, 32])
    configuration.clip.resolutionScale = pick([1, 1, 1, 0.5])
    configuration.maskDecoder.stride = pick([16, 8, 8, 4])
    configuration.dense = SANConfiguration.Dense(
      mask: pick([0, 1, 0.5]), maskMean: pick([0, 1]), places: pick([0, 0.7]))
    configuration.input.mean = [127, 127, 127]
    configuration.input.deviation = pick([[128, 128, 128], [0, 1, 1]])
  }

  func testWhatIsValidRuns() throws {
    let workspace = Workspace(pool: ThreadPool(threads: 2))
    var random = Mutator(seed: 17)
    var (ran, refused, hybrids) = (0, 0, 0)
    for round in 0..<2600 {
      let configuration = configuration(&random)
      do {
        try configuration.validate(file: "fuzz")
      } catch let error as ConfigurationError {
        XCTAssert("\(error)".contains("fuzz: \""), "names file and field: \(error)")
        refused += 1
        continue
      }
      let model = ProceduralModel.model(configuration)
      let (height, width) = round.isMultiple(of: 2) ? (32, 32) : (32, 64)
      let image = ProceduralModel.image("fuzz", height: height, width: width)
      let classifier = try model.textClassifier([[[513, 1, 514]], [[513, 514]]], workspace: workspace)
      try workspace.scope {
        let proposals = try model.encode(image.planarImage(in: workspace), workspace: workspace)
        let logits = model.classLogits(proposals, classifier: classifier)
        let places = proposals.places.map { model.classLogits($0.embeddings, classifier: classifier) }
        let size = Grid(height: height, width: width)
        let scores = try SemanticScores(
          proposals,
          scores: ClassScores(logits, places: places, of: proposals, dense: configuration.dense),
          cropped: size, size: size
        ).tensor(workspace: workspace)
        hybrids += configuration.clip.image.stem == nil ? 0 : 1
        XCTAssertEqual(scores.shape, [2, height, width])
        XCTAssert(scores.values.allSatisfy { $0.isFinite && $0 >= 0 }, "round \(round): \(configuration)")
      }
      ran += 1
    }
    XCTAssertGreaterThan(ran, 500)
    XCTAssertGreaterThan(refused, 500)
    XCTAssertGreaterThan(hybrids, 20)
  }

  /// Sizes that leave a grid without a cell are refused by the field that is to blame.
  func testGridsWithoutACell() {
    let cases: [(String, (inout SANConfiguration) -> Void)] = [
      ("side_adapter.patch_size", { $0.sideAdapter.patchSize = 64 }),
      ("clip.image.patch_size", { $0.clip.image.patchSize = 64 }),
      ("clip.image.patch_size", { $0.clip.image.patchSize = 17 }),  // 32 pixels at half their size
      ("clip.resolution_scale", { $0.clip.resolutionScale = 0.01 }),
    ]
    for (field, change) in cases {
      var configuration = ProceduralModel.toyConfiguration
      change(&configuration)
      XCTAssertThrowsError(try configuration.validate(file: "model.json")) {
        XCTAssert("\($0)".hasPrefix("model.json: \"\(field)\" is"), "\($0)")
      }
    }
  }

  /// A picture that is smaller than a patch, which no padded one is, is refused and not read beyond its end.
  func testPictureWithoutACell() {
    let model = ProceduralModel.model(ProceduralModel.toyConfiguration)
    let workspace = Workspace(pool: ThreadPool(threads: 1))
    let planes = workspace.matrix(3, 8 * 64)
    let image = PlanarImage(planes: planes, size: Grid(height: 8, width: 64))
    XCTAssertThrowsError(try model.encode(image, workspace: workspace)) {
      XCTAssertEqual(
        "\($0)",
        #"toy: a picture of 8×64 pixels is smaller than a patch ("clip.image.patch_size"); pad it to at least 32×32"#
      )
    }
  }
}
