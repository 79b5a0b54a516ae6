import SANCore
import SANWeights

/// Which model to load.
public enum ModelSource: Sendable, Hashable {
  /// The small model that comes with the package.
  case embedded
  /// A model file: safetensors, or a released `.pth` as it is.
  case path(String)
  /// A model that is installed, by its name; see ``ModelStore/standard``. The embedded model has a name too, which
  /// another model of that name takes the place of.
  case named(String)

  /// The model file's path.
  ///
  /// - Throws: ``ModelStoreError`` where no model of the name is installed; `ResourceError` where the embedded model is
  ///   not found.
  public func filePath() throws -> String {
    switch self {
    case .embedded: return try SANWeights.modelPath()
    case .path(let path): return path
    case .named(let name):
      let store = ModelStore.standard
      if let model = store.model(name) { return model.path }
      if name == SANWeights.defaultModel { return try SANWeights.modelPath() }
      throw ModelStoreError.notInstalled(
        name: name, installed: store.models.map(\.name), folders: store.folders)
    }
  }
}
