import SANCore
import SANInference

/// What is found where images are looked for and is not taken for one, though a user may think that it is.
struct LeftOut {
  /// How many, and the first of them.
  private struct Kind {
    var count = 0
    var example = ""

    mutating func add(_ path: String) {
      if count == 0 { example = path }
      count += 1
    }
  }

  private var folders = Kind()
  private var outputs = Kind()
  private var nameless = Kind()
  private var excluded = Kind()
  /// Pictures that are not read here, and other files: how many, by the ends of their names.
  private var foreign: [String: Int] = [:]
  private var others: [String: Int] = [:]
  /// Folders below those that were named which cannot be read.
  private(set) var unreadable: [FolderError] = []
  /// What ``isEntered(_:)`` and ``isTaken(_:isPicture:)`` leave out before anything else.
  private let excludes: [String]
  /// Of the folder looked at last: what outputs beside photos would be named after.
  private var photos: (folder: String, names: Set<[UInt8]>) = ("", [])

  /// Pictures that are not read here, by their names' ends.
  private static let foreignExtensions = [
    "jxl", "jp2", "j2k", "cr2", "cr3", "nef", "arw", "dng", "raf", "orf", "rw2", "psd",
  ]
  private static let outputEnds = [".segmented.", ".cutout."].flatMap { middle in
    PictureWriter.allCases.map { "\(middle)\($0.ending)" }
  }

  /// - Parameter excludes: patterns of what is left out, as ``GlobPattern/path(_:endsAs:)`` takes them.
  init(excluding excludes: [String] = []) { self.excludes = excludes }

  /// Whether the file or folder at `path` is left out because the command line says so.
  mutating func isExcluded(_ path: String) -> Bool {
    guard excludes.contains(where: { GlobPattern.path(path, endsAs: $0) }) else { return false }
    excluded.add(path)
    return true
  }

  /// Notes that a folder cannot be read.
  mutating func add(_ error: FolderError) {
    if !unreadable.contains(error) { unreadable.append(error) }
  }

  /// Whether the folder at `path` is searched: not if it holds what earlier runs wrote.
  mutating func isEntered(_ path: String) -> Bool {
    if isExcluded(path) { return false }
    guard OutputMarker.marks(path) else { return true }
    folders.add(path)
    return false
  }

  /// Whether the file at `path` is taken for an image.
  mutating func isTaken(_ path: String, isPicture: Bool) -> Bool {
    if isExcluded(path) { return false }
    if isPicture {
      guard isOutputBesidePhoto(path) else { return true }
      outputs.add(path)
    } else if let end = LeftOut.foreignExtensions.first(where: { Path.has(path, extension: $0) }) {
      foreign[end, default: 0] += 1
    } else if PictureFile.isNameless(path) {
      nameless.add(path)
    } else {
      let name = Path.name(of: path)
      let end = name.dropFirst(Path.stem(of: path).count + 1).lowercased()
      others[end.count > 12 ? "" : end, default: 0] += 1
    }
    return false
  }

  /// Whether the file is named after a photo in its folder, as an overlay or cut-out of it is.
  private mutating func isOutputBesidePhoto(_ path: String) -> Bool {
    let name = Path.name(of: path)
    guard let end = LeftOut.outputEnds.first(where: { name.hasSuffix($0) }) else { return false }
    let folder = Path.folder(of: path)
    if photos.folder != folder {
      // Whoever searches the folder has told by now if it cannot be read.
      let entries = (try? FolderEntry.all(in: folder)) ?? []
      let names = entries.filter(\.isFile).map(\.name).filter {
        PictureFile.hasPictureName($0) || Path.stem(of: $0) == $0
      }
      photos = (folder, Set(names.flatMap { [Array($0.utf8), Array(Path.stem(of: $0).utf8)] }))
    }
    return photos.names.contains(Array(name.utf8.dropLast(end.utf8.count)))
  }

  /// A line for each kind, with the way out.
  var lines: [String] {
    var lines: [String] = []
    func add(_ kind: Kind, _ one: String, _ several: String, _ wayOut: String) {
      guard kind.count > 0 else { return }
      let text = kind.count == 1 ? "1 \(one), " : "\(kind.count.grouped) \(several), such as "
      lines.append("\(text)\(kind.example); \(wayOut)")
    }
    add(
      folders, "folder of earlier outputs", "folders of earlier outputs", "name it to have it segmented")
    add(
      outputs, "earlier output beside its photo", "earlier outputs beside their photos",
      "name it to have it segmented")
    if let (count, ends) = LeftOut.ends(foreign) {
      lines.append(
        count == 1
          ? "1 picture of a format that is not read (\(ends)); convert it"
          : "\(count.grouped) pictures of formats that are not read (\(ends)); convert them")
    }
    if let (count, ends) = LeftOut.ends(others) {
      lines.append(count == 1 ? "1 other file (\(ends))" : "\(count.grouped) other files (\(ends))")
    }
    add(nameless, "name that is not UTF-8", "names that are not UTF-8", "rename it")
    add(excluded, "file or folder", "files or folders", "--exclude says so")
    return lines
  }

  /// How many files there are, and of which ends, the most frequent first: `12 txt, 2 xml`.
  private static func ends(_ counts: [String: Int]) -> (count: Int, text: String)? {
    guard !counts.isEmpty else { return nil }
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = sorted.prefix(8).map {
      "\($0.value.grouped) \($0.key.isEmpty ? "without an ending" : $0.key)"
    }
    let more = sorted.count > shown.count ? ", and others" : ""
    return (counts.values.reduce(0, +), shown.joined(separator: ", ") + more)
  }
}

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
