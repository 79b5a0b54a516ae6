#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension SANConfiguration {
  /// The configuration of the model in `checkpoint`: from the file at `path` if one is given; else from
  /// `NAME.json` or `config.json` beside the model file; else from its safetensors metadata `config`; else a
  /// released model's, if all names and shapes are that model's.
  ///
  /// - Throws: ``FileError`` or ``ConfigurationError``.
  public static func find(for checkpoint: Checkpoint, path: String? = nil) throws -> SANConfiguration {
    if let path { return try SANConfiguration(path: path) }
    for candidate in neighbours(of: checkpoint.path) where access(candidate, F_OK) == 0 {
      return try SANConfiguration(path: candidate)
    }
    if let json = checkpoint.metadata["config"] {
      return try SANConfiguration(json: Array(json.utf8), file: "\(checkpoint.path), metadata \"config\"")
    }
    for preset in [vitB16, vitL14] where preset.matches(checkpoint) { return preset }
    throw ConfigurationError.unknownModel(file: checkpoint.path)
  }

  /// Where the configuration of the model file `path` may lie.
  private static func neighbours(of path: String) -> [String] {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let name = parts.last ?? ""
    let folder = parts.dropLast().map { "\($0)/" }.joined()
    let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name
    return stem.isEmpty ? ["\(folder)config.json"] : ["\(folder)\(stem).json", "\(folder)config.json"]
  }

  /// Whether the names and shapes are exactly this configuration's, but for what inference ignores.
  private func matches(_ checkpoint: Checkpoint) -> Bool {
    let entries = checkpoint.entries.filter { !ModelParameters.ignoredNames.contains($0.name) }
    let shapes = parameterShapes
    return entries.count == shapes.count
      && shapes.allSatisfy { checkpoint.entry($0.name)?.shape == $0.shape }
  }
}
