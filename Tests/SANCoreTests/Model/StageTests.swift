import SANCore
import TestSupport
import XCTest

/// Every stage element by element, each run on its own with the stage before taken from the reference.
///
/// Tolerances: features, biases and mask logits within 1e-4 of the largest magnitude; embeddings within 2e-5, class logits
/// within 5e-3 and scores within 1e-3.
final class StageTests: XCTestCase {
  /// Held for the whole test: matrices are views of its memory.
  private let workspace = Workspace(pool: ThreadPool(threads: 2))

  func testClipInput() throws {
    for test in StageCase.all {
      let image = test.image.planarImage(in: workspace)
      let input = try XCTUnwrap(test.model.extractor.stem as? PatchEmbedding)
        .downsample(image, workspace: workspace)
      let expected = try test.golden["clip.input"]
      XCTAssertEqual([input.size.height, input.size.width], Array(expected.shape[2...]), test.name)
      assertClose(input.planes.tensor(shape: expected.shape), expected, tolerance: 2e-6, test.name)
    }
  }

  func testClipFeatures() throws {
    for test in StageCase.all {
      var layers: [Int: (map: Tensor, token: Tensor)] = [:]
      let last = test.model.extractor(test.image.planarImage(in: workspace), workspace: workspace) {
        layer, tokens, grid in
        XCTAssertEqual(grid, test.clipGrid, test.name)
        layers[layer] = (tokens.rows(1..<tokens.rows).transposed, tokens.rows(0..<1).tensor())
      }
      XCTAssertEqual(layers.keys.sorted(), [0, 1, 2, 3], test.name)
      for (layer, found) in layers {
        let map = try test.golden["clip.feature.\(layer)"]
        let name = "\(test.name), layer \(layer)"
        assertClose(found.map.reshaped(map.shape), map, tolerance: 1e-4, relative: true, name)
        assertClose(
          found.token, try test.golden["clip.feature.\(layer)_cls_token"], tolerance: 1e-4, relative: true,
          name)
      }
      assertClose(last.rows(0..<1).tensor(), try XCTUnwrap(layers[3]).token, tolerance: 0, test.name)
    }
  }

  func testSideNetwork() throws {
    for test in StageCase.all {
      var features: [Int: Matrix] = [:]
      for layer in 0...3 { features[layer] = try test.tokens("clip.feature.\(layer)", in: workspace) }
      var blocks: [Int: (queries: Tensor, map: Tensor)] = [:]
      _ = test.model.sideAdapter(
        test.image.planarImage(in: workspace), features: features, clipGrid: test.clipGrid,
        workspace: workspace
      ) { block, tokens in
        blocks[block] = (
          tokens.rows(0..<test.queries).tensor(), tokens.rows(test.queries..<tokens.rows).transposed
        )
      }
      for (block, name) in [(3, "side.out0"), (4, "side.out1")] {
        let found = try XCTUnwrap(blocks[block])
        let map = try test.golden["\(name).x"]
        let label = "\(test.name), \(name)"
        assertClose(found.queries, try test.golden["\(name).query"], tolerance: 1e-4, relative: true, label)
        assertClose(found.map.reshaped(map.shape), map, tolerance: 1e-4, relative: true, label)
      }
    }
  }

  func testMaskDecoder() throws {
    for test in StageCase.all {
      let heads = test.model.maskDecoder.heads
      let masks = workspace.matrix(test.queries, test.sideGrid.count)
      let biases = workspace.matrix(heads * test.queries, test.sideGrid.count)
      test.model.maskDecoder(
        queries: try test.matrix("side.out1.query", rows: test.queries, in: workspace),
        patches: try test.tokens("side.out1.x", in: workspace), grid: test.sideGrid, masks: masks,
        biases: biases,
        workspace: workspace)
      let logits = try test.golden["mask_logits"]
      assertClose(masks.tensor(shape: logits.shape), logits, tolerance: 1e-4, relative: true, test.name)
      let bias = try test.golden["attn_bias"]
      assertClose(biases.tensor(shape: bias.shape), bias, tolerance: 1e-4, relative: true, test.name)
    }
  }

  func testPooledBias() throws {
    for test in StageCase.all {
      let rows = test.model.maskDecoder.heads * test.queries
      let pooled = workspace.matrix(rows, test.clipGrid.count)
      MaskDecoder.pool(
        try test.matrix("attn_bias", rows: rows, in: workspace), from: test.sideGrid, into: pooled,
        to: test.clipGrid, pool: workspace.pool)
      let expected = try test.golden["attn_bias.pooled"]
      assertClose(pooled.tensor(shape: expected.shape), expected, tolerance: 0, test.name)
    }
  }

  func testRecognitionHead() throws {
    for test in StageCase.all {
      let patches = try test.tokens("clip.feature.3", in: workspace)
      let tokens = workspace.matrix(1 + patches.rows, patches.columns)
      tokens.rows(0..<1).copy(from: try test.matrix("clip.feature.3_cls_token", rows: 1, in: workspace))
      tokens.rows(1..<tokens.rows).copy(from: patches)
      let rows = test.model.maskDecoder.heads * test.queries
      let embeddings = test.model.recognitionHead(
        tokens, bias: try test.matrix("attn_bias.pooled", rows: rows, in: workspace), queries: test.queries,
        workspace: workspace)
      assertClose(embeddings.tensor(), try test.golden["mask_embed"], tolerance: 2e-5, test.name)
    }
  }

  func testClassLogits() throws {
    for test in StageCase.all {
      let logits = test.model.classLogits(
        try test.proposals(), classifier: try test.golden["text_classifier"])
      assertClose(logits, try test.golden["class_logits"], tolerance: 5e-3, test.name)
    }
  }

  func testScores() throws {
    for test in StageCase.all {
      let logits = try test.golden["class_logits"]
      let probabilities = SANModel.classProbabilities(logits.reshaped([test.queries, logits.shape[2]]))
      for (name, cropped, size) in [
        ("sem_seg", test.size, test.size),
        ("sem_seg.photo", Grid(height: 90, width: 217), Grid(height: 30, width: 73)),
      ] where test.golden.has(name) {
        let scores = SemanticScores(
          try test.proposals(), probabilities: probabilities, cropped: cropped, size: size)
        assertClose(
          try scores.tensor(workspace: workspace), try test.golden[name], tolerance: 1e-3,
          "\(test.name), \(name)"
        )
      }
    }
  }

  func testWholeNetwork() throws {
    for test in StageCase.all {
      let proposals = try test.model.encode(test.image.planarImage(in: workspace), workspace: workspace)
      let masks = try test.golden["mask_logits"]
      assertClose(proposals.logits.reshaped(masks.shape), masks, tolerance: 1e-4, relative: true, test.name)
      assertClose(proposals.embeddings, try test.golden["mask_embed"], tolerance: 2e-5, test.name)
    }
  }

  /// The same bits with any number of threads, and in a workspace that held another image before.
  func testDeterminism() throws {
    let (test, other) = (StageCase.all[0], StageCase.all[1])
    let reference = try test.model.encode(test.image.planarImage(in: workspace), workspace: workspace)
    for threads in 1...4 {
      let workspace = Workspace(pool: ThreadPool(threads: threads))
      _ = try test.model.encode(other.image.planarImage(in: workspace), workspace: workspace)
      let proposals = try test.model.encode(test.image.planarImage(in: workspace), workspace: workspace)
      XCTAssertEqual(proposals.logits.values, reference.logits.values, "\(threads) threads")
      XCTAssertEqual(proposals.embeddings.values, reference.embeddings.values, "\(threads) threads")
    }
  }

  /// A warm run of the same size takes no new memory.
  func testWorkspaceIsReused() throws {
    let test = StageCase.all[0]
    func run() throws {
      try workspace.scope {
        _ = try test.model.encode(test.image.planarImage(in: workspace), workspace: workspace)
      }
    }
    try run()
    let allocated = workspace.allocatedBytes
    try run()
    XCTAssertEqual(workspace.allocatedBytes, allocated)
  }

  func testStagesAreEnteredInOrderAndCanBeStopped() throws {
    struct Stop: Error {}
    let test = StageCase.all[0]
    var entered: [SANModel.Stage] = []
    XCTAssertThrowsError(
      try test.model.encode(test.image.planarImage(in: workspace), workspace: workspace) { stage in
        entered.append(stage)
        if stage == .decoder { throw Stop() }
      }
    ) { XCTAssert($0 is Stop) }
    XCTAssertEqual(entered, [.clip, .side, .decoder])
  }
  func testRunsCanBeStoppedBetweenBlocks() throws {
    struct Stop: Error {}
    let test = StageCase.all[0]
    let sizes = test.model.configuration
    let blocks = sizes.clip.extractorLayers + sizes.sideAdapter.layers
    func entered(stoppingAfter checkpoints: Int) -> (stages: [SANModel.Stage], stopped: Bool) {
      var (stages, passed) = ([SANModel.Stage](), 0)
      do {
        _ = try workspace.scope {
          try test.model.encode(
            test.image.planarImage(in: workspace), workspace: workspace, enter: { stages.append($0) },
            checkpoint: {
              passed += 1
              if passed > checkpoints { throw Stop() }
            })
        }
        return (stages, false)
      } catch { return (stages, error is Stop) }
    }
    XCTAssertEqual(entered(stoppingAfter: 0).stages, [.clip])
    let inSide = entered(stoppingAfter: blocks - 1)
    XCTAssertEqual(inSide.stages, [.clip, .side])
    XCTAssertTrue(inSide.stopped)
    XCTAssertFalse(entered(stoppingAfter: blocks + 1).stopped, "a checkpoint a block, and one before them")
  }
}
