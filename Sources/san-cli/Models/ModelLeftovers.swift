import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Hidden files among the models that nobody works on: of stopped downloads, and of runs that were killed.
enum ModelLeftovers {
  /// A line for each stopped download in `folder`, and one for all temporary files.
  static func advice(on folder: String) -> [String] {
    let parts = ModelPart.names(in: folder).compactMap { name -> String? in
      guard !ModelLock.isHeld(name, in: folder), let part = ModelPart(of: name, in: folder) else {
        return nil
      }
      return "\(part.path): \(part.amount) of a stopped download; the same \"san-cli models download\" goes "
        + "on, \"san-cli models remove \(name)\" takes it away"
    }
    let files = (try? FolderEntry.all(in: folder)) ?? []
    let temporary = files.map(\.name).filter { isLeft($0, in: folder) }.sorted()
    guard !temporary.isEmpty else { return parts }
    let names = temporary.joined(separator: ", ")
    return parts + ["\(folder): \(names): left by a run that was killed; delete it"]
  }

  /// Whether it is a file of an installation that is no longer under way: a model that has not got its name yet, or an
  /// `AtomicFile`'s `.san-PROCESS-….tmp`.
  private static func isLeft(_ file: String, in folder: String) -> Bool {
    if file.hasPrefix(".san-"), file.hasSuffix(".tmp") {
      let process = file.dropFirst(5).prefix { $0 != "-" }
      return pid_t(process).map { kill($0, 0) != 0 && errno == ESRCH } ?? false
    }
    guard file.hasPrefix("."), file.hasSuffix(".safetensors") else { return false }
    let name = Path.stem(of: String(file.dropFirst()))
    return ModelStore.isName(name) && !ModelLock.isHeld(name, in: folder)
  }
}
