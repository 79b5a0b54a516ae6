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
