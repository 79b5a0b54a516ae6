import SANCore
import SANWeights

/// Which model to load.
public enum ModelSource: Sendable, Hashable {
  /// The small model that comes with the package.
  case embedded
  /// A model file: safetensors, or a released `.pth` as it is.
  case path(String)

  /// The model file's path.
  ///
  /// - Throws: `ResourceError` where the embedded model is not found.
  public func filePath() throws -> String {
    switch self {
    case .embedded: try SANWeights.modelPath()
    case .path(let path): path
    }
  }
}
