import SANCore
import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What has come of a model that is being downloaded: a hidden file beside the models, which `san-fetch` makes grow.
struct ModelPart {
  let path: String
  /// Bytes that are there.
  let byteCount: Int
  /// Those of the whole file, where the server has told.
  let totalByteCount: Int?

  /// Nil where there is none.
  init?(of name: String, in folder: String) {
    path = ModelPart.path(of: name, in: folder)
    guard ModelStore.isName(name), let status = FileStatus(path) else { return nil }
    byteCount = status.byteCount
    let state = try? MappedFile.contents(of: ModelPart.statePath(path), limit: 1 << 16)
    let value = state.flatMap { try? $0.withUnsafeBytes(JSONValue.init(parsing:)) }
    totalByteCount = if case .integer(let total)? = value?["byteCount"] { total } else { nil }
  }

  static func path(of name: String, in folder: String) -> String { Path.join(folder, ".\(name).part") }

  /// What `san-fetch` remembers of the file on the server.
  private static func statePath(_ path: String) -> String { "\(path).state" }

  /// The models of which a part is in `folder`, in the order of their names.
  static func names(in folder: String) -> [String] {
    let files = (try? FolderEntry.all(in: folder)) ?? []
    return files.map(\.name).compactMap { file in
      guard file.hasPrefix("."), file.hasSuffix(".part") else { return nil }
      let name = String(file.dropFirst().dropLast(5))
      return ModelStore.isName(name) ? name : nil
    }.sorted()
  }

  /// How much of it is there, for people.
  var amount: String {
    totalByteCount.map { "\(byteCount.megabytes) of \($0.megabytes)" } ?? byteCount.megabytes
  }

  /// Takes it away.
  func remove() {
    unlink(path)
    unlink(ModelPart.statePath(path))
  }
}

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
