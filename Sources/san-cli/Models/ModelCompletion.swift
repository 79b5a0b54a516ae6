import ArgumentParser
import SANInference
import SANWeights

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a shell completes a model to.
enum ModelCompletion {
  /// The models that are there.
  static var names: CompletionKind { .custom { _, _, _ in installed } }

  /// The models that are there, and files that may be one.
  static var namesAndFiles: CompletionKind { .custom { _, _, word in installed + files(word) } }

  private static var installed: [String] {
    Set(ModelStore.standard.models.map(\.name)).union([SANWeights.defaultModel]).sorted()
  }

  /// Folders and model files whose paths begin with `word`.
  private static func files(_ word: String) -> [String] {
    let start = word.lastIndex(of: "/").map { word[...$0] } ?? ""
    let folder = start.isEmpty ? "." : String(start)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().map { start + $0 }.compactMap { path in
      guard path.hasPrefix(word), !Path.name(of: path).hasPrefix(".") else { return nil }
      if FileStatus(path)?.isFolder == true { return "\(path)/" }
      return ["pth", "safetensors"].contains { Path.has(path, extension: $0) } ? path : nil
    }
  }
}
