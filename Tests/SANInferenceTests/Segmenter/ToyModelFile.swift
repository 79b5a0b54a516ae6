import Foundation
import SANCore
import SANInference
import TestSupport

/// The toy model as a file, made once for all tests of the process.
enum ToyModelFile {
  static let path: String = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("san-toy-\(getpid())")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let path = folder.appendingPathComponent("toy.safetensors").path
      try write(to: path)
      return path
    } catch {
      preconditionFailure("the toy model can be written: \(error)")
    }
  }()

  /// Writes the toy model, its tensors as `change` makes them.
  static func write(to path: String, change: (_ name: String, _ tensor: Tensor) -> Tensor = { $1 }) throws {
    let configuration = ProceduralModel.toyConfiguration
    let parameters = ProceduralModel.parameters(configuration)
    try SafetensorsWriter.write(
      to: path,
      entries: configuration.parameterShapes.map {
        SafetensorsWriter.Entry(name: $0.name, shape: $0.shape, type: .float32)
      },
      metadata: ["config": configuration.json]
    ) { change($0, parameters[$0]) }
  }

  /// A segmenter of the toy model.
  static func segmenter(threads: Int = 2) throws -> Segmenter {
    try Segmenter(model: .path(path), threads: threads)
  }
}
