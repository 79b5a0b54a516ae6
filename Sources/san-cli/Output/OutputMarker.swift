import SANCore

/// A hidden file in a folder that `segment` writes to, by which later runs know that what lies there are no photos.
enum OutputMarker {
  private static let name = ".san-outputs"
  private static let text =
    "What lies here was written by san-cli segment, which leaves this folder out when it looks for photos in the\n"
    + "folders above. Delete this file to have it taken for photos, too.\n"

  /// Whether the folder at `path` is marked.
  static func marks(_ path: String) -> Bool { FileStatus(Path.join(path, name)) != nil }

  /// Marks folders, which are made if missing. One that already holds pictures is not: they may be the user's photos.
  static func mark(_ folders: [String]) throws {
    for folder in folders where !marks(folder) {
      try OutputFolder.make(folder)
      if holdsPictures(folder) { continue }
      try AtomicFile.write(text, to: Path.join(folder, name))
    }
  }

  private static func holdsPictures(_ folder: String) -> Bool {
    struct Found: Error {}
    do {
      _ = try FileTree.files(
        in: folder,
        where: { path in
          guard !PictureFile.isPicture(path) else { throw Found() }
          return false
        })
      return false
    } catch {
      // What cannot be read may hold some.
      return true
    }
  }
}
