import SANCore
import TestSupport

/// A small model and the numbers of each of its stages on one image.
struct StageCase: Sendable {
  let name: String
  let model: SANModel
  let image: Tensor  // [3, H, W]
  let golden: Golden

  var size: Grid { Grid(height: image.shape[1], width: image.shape[2]) }
  var clipGrid: Grid { model.extractor.grid(of: size) }
  var sideGrid: Grid { model.sideAdapter.grid(of: size) }
  var queries: Int { model.configuration.sideAdapter.queries }

  /// The published implementation's numbers; and our reference's at a size where every grid is resized, with the toy's
  /// sizes and with a patch and a factor that leave pixels over, as L/14's do.
  static let all: [StageCase] = {
    do {
      let toy = ProceduralModel.toyConfiguration
      var toy14 = toy
      toy14.clip.image.patchSize = 14
      toy14.clip.resolutionScale = 0.7
      let model = ProceduralModel.model(toy)
      return [
        StageCase(
          name: "toy", model: model, image: ProceduralModel.image("input/toy", height: 128, width: 160),
          golden: try Golden("golden/toy.golden.safetensors")),
        StageCase(
          name: "toy 96×224", model: model, image: ProceduralModel.image("input/odd", height: 96, width: 224),
          golden: try Golden("reference/toy_96x224.safetensors")),
        StageCase(
          name: "toy14 96×224", model: ProceduralModel.model(toy14),
          image: ProceduralModel.image("input/odd", height: 96, width: 224),
          golden: try Golden("reference/toy14_96x224.safetensors")),
      ]
    } catch {
      preconditionFailure("the fixtures are there: \(error)")
    }
  }()

  /// The map `name`, `[1, C, h, w]`, as tokens `[h·w, C]`.
  func tokens(_ name: String, in workspace: Workspace) throws -> Matrix {
    let map = try golden[name]
    let (channels, cells) = (map.shape[1], map.shape[2] * map.shape[3])
    let tokens = workspace.matrix(cells, channels)
    for channel in 0..<channels {
      for cell in 0..<cells { tokens.row(cell)[channel] = map[channel * cells + cell] }
    }
    return tokens
  }

  /// The tensor `name` as `rows` rows.
  func matrix(_ name: String, rows: Int, in workspace: Workspace) throws -> Matrix {
    let tensor = try golden[name]
    return tensor.reshaped([rows, tensor.count / rows]).copy(in: workspace)
  }

  /// The golden proposals.
  func proposals() throws -> MaskProposals {
    MaskProposals(
      logits: try golden["mask_logits"].reshaped([queries, sideGrid.height, sideGrid.width]),
      embeddings: try golden["mask_embed"].reshaped([queries, model.configuration.clip.embedding]),
      grid: sideGrid,
      imageSize: size)
  }
}

extension Tensor {
  /// A copy in `workspace`, `[shape[0], rest]`.
  func copy(in workspace: Workspace) -> Matrix {
    let copy = workspace.matrix(shape[0], count / shape[0])
    withUnsafeBufferPointer { copy.pointer.update(from: $0.baseAddress!, count: count) }
    return copy
  }
}
