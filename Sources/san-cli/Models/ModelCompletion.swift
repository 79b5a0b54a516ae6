import ArgumentParser

/// What a shell completes a model to.
enum ModelCompletion {
  /// The models that are there.
  static var names: CompletionKind { .custom { _, _, _ in InstalledModel.names } }

  /// The models that are there, and files that may be one.
  static var namesAndFiles: CompletionKind { .custom { _, _, word in InstalledModel.names + files(word) } }

  /// Folders and model files whose paths begin with `word`.
  private static func files(_ word: String) -> [String] {
    let start = word.lastIndex(of: "/").map { String(word[...$0]) } ?? ""
    let folder = start.isEmpty ? "." : start
    let entries = (try? FolderEntry.all(in: folder)) ?? []
    return entries.sorted { $0.name < $1.name }.compactMap { entry -> String? in
      let path = start + entry.name
      guard path.hasPrefix(word), !entry.isHidden else { return nil }
      if entry.folder != nil { return "\(path)/" }
      return ["pth", "safetensors"].contains { Path.has(path, extension: $0) } ? path : nil
    }
  }
}
