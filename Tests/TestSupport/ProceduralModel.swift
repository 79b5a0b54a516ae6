import SANCore

/// Models on procedural weights: no file is needed.
public enum ProceduralModel {
  /// A model of every part of SAN at sizes that run in milliseconds.
  public static let toyConfiguration: SANConfiguration = {
    let json = """
      {"name": "toy",
       "clip": {"image": {"width": 64, "layers": 4, "heads": 4, "patch_size": 16, "grid": [4, 4]},
                "text": {"width": 32, "layers": 2, "heads": 4, "context_length": 77, "vocabulary_size": 49408},
                "embedding": 32, "resolution_scale": 0.5, "extractor_layers": 3},
       "side_adapter": {"width": 48, "layers": 4, "heads": 4, "patch_size": 16, "grid": [8, 8],
                        "fusion": [[0, 0], [1, 1], [2, 2], [3, 3]], "queries": 10},
       "mask_decoder": {"channels": 16, "mlp_layers": 3, "bias_heads": 4},
       "input": {"short_side": 128}}
      """
    do {
      return try SANConfiguration(json: Array(json.utf8), file: "toy")
    } catch {
      preconditionFailure("the toy configuration is valid: \(error)")
    }
  }()

  /// The weights of `configuration`.
  public static func parameters(_ configuration: SANConfiguration) -> ModelParameters {
    ModelParameters(configuration: configuration) { name, shape in
      Tensor(shape: shape) { ProceduralWeights.fill($0, name: name, shape: shape) }
    }
  }

  /// A model of `configuration`.
  public static func model(_ configuration: SANConfiguration) -> SANModel {
    SANModel(parameters(configuration))
  }

  /// The normalised and padded image `name`, `[3, height, width]`.
  public static func image(_ name: String, height: Int, width: Int) -> Tensor {
    Tensor(shape: [3, height, width], ProceduralWeights.image(name, height: height, width: width))
  }
}

extension Tensor {
  /// A copy of an image tensor `[3, height, width]` in `workspace`, as the network's input.
  public func planarImage(in workspace: Workspace) -> PlanarImage {
    let size = Grid(height: shape[1], width: shape[2])
    let planes = workspace.matrix(3, size.count)
    withUnsafeBufferPointer { planes.pointer.update(from: $0.baseAddress!, count: count) }
    return PlanarImage(planes: planes, size: size)
  }
}
