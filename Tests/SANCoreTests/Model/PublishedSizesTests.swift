import Foundation
import SANCore
import SANWeights
import TestSupport
import XCTest

/// The two published architectures at full size, on procedural weights. B/16 always runs; L/14 (1.8 GB) runs where
/// `SAN_TEST_LARGE=1` is set.
final class PublishedSizesTests: XCTestCase {
  private static let vitB16 = ProceduralModel.model(.vitB16)

  private func check(
    _ model: SANModel, _ file: String, image name: String, height: Int, width: Int, text: Bool
  ) throws {
    let golden = try Golden("golden/\(file).golden.safetensors")
    let workspace = Workspace(pool: ThreadPool())
    let image = ProceduralModel.image(name, height: height, width: width)
    let proposals = try model.encode(image.planarImage(in: workspace), workspace: workspace)
    let masks = try golden["mask_logits"]
    assertClose(proposals.logits.reshaped(masks.shape), masks, tolerance: 1e-4, relative: true, "mask_logits")

    // The recognition head magnifies rounding: the golden itself, made in float32, lies up to 1.8e-5 from float64. So
    // both are held to the same network in float64.
    let exact = try Golden("reference/\(file).float64.safetensors")["mask_embed"]
    assertClose(proposals.embeddings, exact, tolerance: 2e-5, "mask_embed")
    assertClose(try golden["mask_embed"], exact, tolerance: 2e-5, "the golden mask_embed")

    let expected = try golden["text_classifier"]
    if text {
      let tokenizer = try Tokenizer(
        merges: Data(contentsOf: URL(fileURLWithPath: SANWeights.mergesPath())), vocabularySize: 49408)
      let prompts = ["cat", "sky", "a red car", "grass", "oak", "river"].map {
        PromptTemplates.vild.prompts(for: $0).map(tokenizer.encode)
      }
      assertClose(
        try model.textClassifier(prompts, workspace: workspace), expected, tolerance: 2e-5, "text_classifier")
    }
    let logits = model.classLogits(proposals, classifier: expected)
    assertClose(logits, try golden["class_logits"], tolerance: 5e-3, "class_logits")

    let size = Grid(height: height, width: width)
    let scores = try SemanticScores(
      proposals, probabilities: SANModel.classProbabilities(logits), cropped: size, size: size
    ).tensor(workspace: workspace)
    let sparse = try golden["sem_seg_stride16"]  // rows and columns 8, 24, 40 …
    let values = scores.values
    var picked: [Float] = []
    for index in 0..<scores.shape[0] {
      for y in stride(from: 8, to: height, by: 16) {
        for x in stride(from: 8, to: width, by: 16) {
          picked.append(values[(index * height + y) * width + x])
        }
      }
    }
    assertClose(picked, sparse.values, tolerance: 1e-3, "sem_seg")
  }

  func testViTB16Square() throws {
    try check(Self.vitB16, "san_vit_b_16.640x640", image: "input/b16", height: 640, width: 640, text: true)
  }

  func testViTB16Wide() throws {
    try check(Self.vitB16, "san_vit_b_16.640x864", image: "input/b16", height: 640, width: 864, text: false)
  }

  func testViTL14() throws {
    try XCTSkipUnless(
      ProcessInfo.processInfo.environment["SAN_TEST_LARGE"] == "1", "set SAN_TEST_LARGE=1 to run ViT-L/14")
    try check(
      ProceduralModel.model(.vitL14), "san_vit_l_14.640x640", image: "input/l14", height: 640, width: 640,
      text: true)
  }
}
