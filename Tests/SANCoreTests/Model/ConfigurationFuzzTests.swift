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
    return configuration
  }

  func testWhatIsValidRuns() throws {
    let workspace = Workspace(pool: ThreadPool(threads: 2))
    var random = Mutator(seed: 17)
    var (ran, refused) = (0, 0)
    for round in 0..<2000 {
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
        let size = Grid(height: height, width: width)
        let scores = try SemanticScores(
          proposals, probabilities: SANModel.classProbabilities(logits), cropped: size, size: size
        ).tensor(workspace: workspace)
        XCTAssertEqual(scores.shape, [2, height, width])
        XCTAssert(scores.values.allSatisfy { $0.isFinite && $0 >= 0 }, "round \(round): \(configuration)")
      }
      ran += 1
    }
    XCTAssertGreaterThan(ran, 500)
    XCTAssertGreaterThan(refused, 500)
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
