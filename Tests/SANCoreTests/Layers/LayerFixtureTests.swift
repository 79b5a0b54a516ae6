import SANCore
import TestSupport
import XCTest

/// Layers on their own against our float64 reference.
final class LayerFixtureTests: XCTestCase {
  private static let parameters = ProceduralModel.parameters(ProceduralModel.toyConfiguration)
  private let workspace = Workspace(pool: ThreadPool(threads: 2))

  func testClipBlock() throws {
    let fixture = try Golden("reference/clip_block.safetensors")
    let x = try fixture["x"].reshaped([11, 64]).copy(in: workspace)
    let block = TransformerBlock.clip(
      ParameterScope(Self.parameters).scope("clip_rec_head.resblocks.0"), width: 64, heads: 4)
    block(x, workspace: workspace)
    assertClose(x.tensor(), try fixture["plain"], tolerance: 1e-5, relative: true)
  }

  /// The fixture's block runs with the full −100 mask on every token; the head leaves out what it zeroes.
  func testClipBlockWithAttentionBias() throws {
    let fixture = try Golden("reference/clip_block.safetensors")
    let x = try fixture["x"].reshaped([11, 64]).copy(in: workspace)
    let bias = try fixture["bias"].reshaped([16, 6]).copy(in: workspace)  // [heads·Q, 2·3]
    let head = SANModel(Self.parameters).recognitionHead
    head.apply(head.blocks[0], to: x, bias: bias, queries: 4, workspace: workspace)
    assertClose(x.tensor(), try fixture["masked"], tolerance: 1e-5, relative: true)
  }

  func testSideBlock() throws {
    let fixture = try Golden("reference/side_block.safetensors")
    let x = try fixture["x"].reshaped([13, 48]).copy(in: workspace)
    let block = TransformerBlock.side(
      ParameterScope(Self.parameters).scope("side_adapter_network.vit_model.blocks.0"), width: 48, heads: 4)
    block(x, workspace: workspace)
    assertClose(x.tensor(), try fixture["y"], tolerance: 1e-5, relative: true)
  }

  /// Names such as `4x5_to_8x10` as two grids.
  private func grids(_ name: String) throws -> (from: Grid, to: Grid) {
    let numbers = name.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
    XCTAssertEqual(numbers.count, 4, name)
    return (Grid(height: numbers[0], width: numbers[1]), Grid(height: numbers[2], width: numbers[3]))
  }

  func testBicubicGrid() throws {
    let fixture = try Golden("reference/bicubic_grid.safetensors")
    for name in [
      "14x14_to_20x27", "1x1_to_2x3", "2x2_to_1x1", "3x5_to_9x2", "4x4_to_3x7", "4x4_to_4x5", "6x6_to_6x6",
      "8x8_to_6x14",
    ] {
      let (from, to) = try grids(name)
      let embedding = PositionalEmbedding(try fixture["\(name).x"], grid: from)
      assertClose(embedding(to), try fixture["\(name).y"], tolerance: 2e-6, name)
      assertClose(embedding(to), try fixture["\(name).y"], tolerance: 2e-6, "\(name), kept")
    }
  }

  /// More grids than are kept: a grid that was dropped is made again, and the same.
  func testKeptGrids() throws {
    let fixture = try Golden("reference/bicubic_grid.safetensors")
    let embedding = PositionalEmbedding(try fixture["4x4_to_3x7.x"], grid: Grid(height: 4, width: 4))
    for round in 0..<3 {
      for width in 5...20 { _ = embedding(Grid(height: 3, width: width)) }
      assertClose(
        embedding(Grid(height: 3, width: 7)), try fixture["4x4_to_3x7.y"], tolerance: 2e-6, "round \(round)")
    }
  }

  func testBilinearPlanes() throws {
    let fixture = try Golden("reference/bilinear.safetensors")
    for name in [
      "12x9_to_5x4", "1x1_to_3x2", "33x47_to_20x61", "3x7_to_6x14", "4x5_to_8x10", "5x1_to_2x6", "6x6_to_6x6",
      "8x10_to_64x80", "11x13_by_0.7", "32x64_by_0.5", "32x64_by_0.7", "7x9_by_0.5", "96x32_by_0.7",
    ] {
      let (x, y) = (try fixture["\(name).x"], try fixture["\(name).y"])
      let step: Float? = name.contains("by_0.7") ? Float(1 / 0.7) : name.contains("by_0.5") ? 2 : nil
      let rows = BilinearAxis(input: x.shape[2], output: y.shape[2], step: step)
      let columns = BilinearAxis(input: x.shape[3], output: y.shape[3], step: step)
      let planes = x.reshaped([2, x.shape[2] * x.shape[3]]).copy(in: workspace)
      let out = workspace.matrix(2, y.shape[2] * y.shape[3])
      for plane in 0..<2 {
        Bilinear.plane(
          planes.row(plane), width: x.shape[3], rows: rows, columns: columns, into: out.row(plane))
      }
      // The reference's sample positions are exact; in float32 those near 60 are multiples of 4e-6.
      assertClose(out.tensor(shape: y.shape), y, tolerance: 1e-5, name)
    }
  }

  func testBilinearTokensAreAdded() throws {
    let fixture = try Golden("reference/bilinear.safetensors")
    for name in ["12x9_to_5x4", "33x47_to_20x61", "4x5_to_8x10", "6x6_to_6x6"] {
      let (from, to) = try grids(name)
      let (x, y) = (try fixture["\(name).x"], try fixture["\(name).y"])  // [1, 2, h, w]
      let tokens = workspace.matrix(from.count, 2)
      for cell in 0..<from.count { for c in 0..<2 { tokens.row(cell)[c] = x[c * from.count + cell] } }
      let out = workspace.matrix(to.count, 2)
      for cell in 0..<to.count { for c in 0..<2 { out.row(cell)[c] = Float(100 * c) } }
      Bilinear.addTokens(tokens, from: from, into: out, to: to, pool: workspace.pool)
      let expected = y.values.enumerated().map { $0.element + Float($0.offset / to.count * 100) }
      assertClose(out.transposed.values, expected, tolerance: 1e-5, name)
    }
  }

  func testAdaptiveMaxPool() throws {
    let fixture = try Golden("reference/adaptive_max_pool.safetensors")
    for name in [
      "1x1_to_1x1", "20x27_to_16x21", "2x3_to_4x5", "5x7_to_5x7", "6x14_to_4x11", "7x5_to_3x2", "8x10_to_4x5",
    ] {
      let (from, to) = try grids(name)
      let (x, y) = (try fixture["\(name).x"], try fixture["\(name).y"])
      let out = workspace.matrix(6, to.count)
      MaskDecoder.pool(
        x.reshaped([6, from.count]).copy(in: workspace), from: from, into: out, to: to, pool: workspace.pool)
      assertClose(out.tensor(shape: y.shape), y, tolerance: 0, name)
    }
  }

  func testScoresAtAPhotosSize() throws {
    let fixture = try Golden("reference/scores.safetensors")
    let proposals = MaskProposals(
      logits: try fixture["mask_logits"].reshaped([5, 2, 4]),
      embeddings: Tensor(shape: [5, 1], [1, 1, 1, 1, 1]),
      grid: Grid(height: 2, width: 4), imageSize: Grid(height: 32, width: 64))
    let probabilities = SANModel.classProbabilities(try fixture["class_logits"].reshaped([5, 4]))
    let padded = SemanticScores(
      proposals, probabilities: probabilities, cropped: proposals.imageSize, size: proposals.imageSize)
    assertClose(try padded.tensor(workspace: workspace), try fixture["padded"], tolerance: 1e-5)
    let photo = SemanticScores(
      proposals, probabilities: probabilities, cropped: Grid(height: 25, width: 50),
      size: Grid(height: 37, width: 61))
    assertClose(try photo.tensor(workspace: workspace), try fixture["photo"], tolerance: 1e-5)
  }
}
