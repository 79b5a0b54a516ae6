import SANCore
import TestSupport
import XCTest

/// Whole models in bfloat16, emulated where the processor has no instructions for it, against single precision.
///
/// How far a rounding moves what comes out depends on the model: the toys' large weights magnify it. So the measure is the same
/// model in single precision with its weights rounded: activations and attention's numbers are rounded as much, so that
/// together they move the result by some √3 times as much, and three times is the bound.
final class Bfloat16ModelTests: XCTestCase {
  private func proposals(
    _ configuration: SANConfiguration, _ precision: Precision, _ image: Tensor, threads: Int = 2,
    tensor: (String) -> Tensor
  ) throws -> MaskProposals {
    let workspace = Workspace(pool: ThreadPool(threads: threads))
    let parameters = ModelParameters(configuration: configuration, precision: precision) { name, _ in
      tensor(name)
    }
    return try SANModel(parameters).encode(image.planarImage(in: workspace), workspace: workspace)
  }

  /// The distance of `found` from `expected`, relative to that.
  private func distance(_ found: Tensor, _ expected: Tensor) -> Double {
    let pairs = zip(found.values, expected.values).map { (Double($0), Double($1)) }
    XCTAssertEqual(found.shape, expected.shape)
    return (pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / pairs.reduce(0) { $0 + $1.1 * $1.1 })
      .squareRoot()
  }

  private func check(_ configuration: SANConfiguration, _ image: Tensor, tensor: (String) -> Tensor) throws {
    let list = ParameterList()
    _ = SANModel(configuration, ParameterScope(list))
    let exact = try proposals(configuration, .float32, image, tensor: tensor)
    var everywhere = configuration
    everywhere.float32Layers = []
    for configuration in [configuration, everywhere] {
      let measure = try proposals(configuration, .float32, image) { name in
        let tensor = tensor(name)
        if !list.weights.contains(name) || configuration.isFloat32(name, in: .bfloat16) { return tensor }
        return Tensor(shape: tensor.shape, tensor.values.map { Float(Bfloat16.rounded($0)) })
      }
      let rounded = try proposals(configuration, .bfloat16, image, tensor: tensor)
      for (found, measured, expected) in [
        (rounded.logits, measure.logits, exact.logits),
        (rounded.embeddings, measure.embeddings, exact.embeddings),
      ] {
        let (moved, unit) = (distance(found, expected), distance(measured, expected))
        let name = "\(configuration.name), single precision in \(configuration.float32Layers.count) layers"
        XCTAssertLessThan(moved, 3 * unit, name)
        XCTAssertGreaterThan(moved, unit / 3, "\(name): little was rounded")
      }
      let again = try proposals(configuration, .bfloat16, image, threads: 3, tensor: tensor)
      XCTAssertEqual(again.logits.values, rounded.logits.values)
      XCTAssertEqual(again.embeddings.values, rounded.embeddings.values)
    }
  }

  func testToy() throws {
    let toy = ProceduralModel.toyConfiguration
    let parameters = ProceduralModel.parameters(toy)
    try check(toy, ProceduralModel.image("input/odd", height: 96, width: 224)) { parameters[$0] }
  }

  func testHybrid() throws {
    let configuration = try SANConfiguration(path: Fixture.url("hybrid/config.json").path)
    let parameters = try ModelParameters(
      checkpoint: Checkpoint.open(path: Fixture.url("hybrid/toy.safetensors").path),
      configuration: configuration)
    let input = try Golden("hybrid/hybrid_64x96.safetensors")["input"]
    try check(configuration, input.reshaped(Array(input.shape[1...]))) { parameters[$0] }
  }

  /// CLIP's last blocks are too sensitive for 8-bit integers alone, unless a configuration says what is.
  func testSensitiveLayers() {
    var toy = ProceduralModel.toyConfiguration
    let names = [
      "clip_rec_head.resblocks.0.mlp.c_fc.weight", "clip_rec_head.proj",
      "side_adapter_network.mask_decoder.mlp.0",
    ]
    func areFloat32(_ precision: Precision) -> [Bool] { names.map { toy.isFloat32($0, in: precision) } }
    XCTAssertEqual(areFloat32(.int8), [true, true, true])
    XCTAssertEqual(areFloat32(.bfloat16), [false, true, true])
    toy.float32Layers = ["clip_rec_head"]
    XCTAssertEqual(areFloat32(.int8), [true, true, false])
    XCTAssertEqual(areFloat32(.bfloat16), [true, true, false])
    toy.float32Layers = []
    XCTAssertEqual(areFloat32(.bfloat16), [false, false, false])
    XCTAssertEqual(areFloat32(.float32), [true, true, true])
  }

  /// Layers that are to stay in single precision do: with all of them, so does the model, to the last bit.
  func testFloat32Layers() throws {
    var toy = ProceduralModel.toyConfiguration
    let parameters = ProceduralModel.parameters(toy)
    let image = ProceduralModel.image("input/odd", height: 96, width: 96)
    toy.float32Layers = ["clip_visual_extractor", "side_adapter_network", "clip_rec_head", "ov_classifier"]
    let exact = try proposals(toy, .float32, image) { parameters[$0] }
    let rounded = try proposals(toy, .bfloat16, image) { parameters[$0] }
    XCTAssertEqual(exact.logits.values, rounded.logits.values)
    XCTAssertEqual(exact.embeddings.values, rounded.embeddings.values)
  }

  /// A file is loaded in what the machine offers; what it lacks, and what to take instead, is told.
  func testOffer() throws {
    XCTAssertEqual(Set(Precision.offered).subtracting([.bfloat16]), [.float32, .int8])
    let checkpoint = try Checkpoint.open(path: Fixture.url("hybrid/toy.safetensors").path)
    let configuration = try SANConfiguration(path: Fixture.url("hybrid/config.json").path)
    func load() throws {
      _ = try ModelParameters(checkpoint: checkpoint, configuration: configuration, precision: .bfloat16)
    }
    if Precision.bfloat16.isOffered { return XCTAssertNoThrow(try load()) }
    XCTAssertThrowsError(try load()) {
      XCTAssertEqual($0 as? PrecisionError, .notOffered(.bfloat16, offered: [.float32, .int8]))
      XCTAssertEqual(
        "\($0)", "bf16 takes a processor with AVX-512 BF16, which this one lacks; choose f32 or int8")
    }
  }
}
