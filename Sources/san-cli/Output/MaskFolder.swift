import SANCore
import SANExport
import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A folder of masks, one file a class.
struct MaskFolder {
  let folder: String
  /// Masks of an earlier run that this one has none for.
  private let old: [MaskRecord.Entry]
  /// Masks written.
  let count: Int
  /// What was not there before, in the order in which it was made.
  private let made: [String]

  /// The names of all files that may be written.
  static func fileNames(classes: [String]) -> [String] {
    (classes.indices.map(UInt16.init) + [LabelMap.other]).map {
      LabelRendering.maskFileName(of: $0, classes: classes)
    }
  }

  /// Writes the mask of each class, found or not, and of "other" where there is one. On an error nothing new is left.
  init(_ folder: String, labels: LabelMap, result: Segmentation) throws {
    let classes = result.classes.map(\.name)
    let all = result.classes.map(\.label) + (result.other.map { [$0.label] } ?? [])
    var made: [String] = []
    var written: [MaskRecord.Entry] = []
    do {
      try OutputFolder.make(folder, made: &made)
      let earlier = MaskRecord.entries(in: folder)
      for label in all {
        try Interruption.check()
        let name = LabelRendering.maskFileName(of: label, classes: classes)
        let mask = try LabelRendering.mask(of: label, in: labels)
        try MaskFolder.write(mask, to: Path.join(folder, name), made: &made)
        written.append(MaskRecord.Entry(name: name, bytes: mask))
      }
      let names = Set(written.map(\.name))
      old = earlier.filter { !names.contains($0.name) }
      try MaskFolder.write(
        MaskRecord.bytes(of: written + old), to: Path.join(folder, MaskRecord.fileName), made: &made)
    } catch {
      MaskFolder.remove(made)
      throw error
    }
    (self.folder, count, self.made) = (folder, all.count, made)
  }

  /// A file in `folder` that has the name of a mask, one of `names`, and is no mask of an earlier run, or no longer.
  static func foreignFile(in folder: String, names: [String]) -> String? {
    let own = Set(MaskRecord.entries(in: folder).filter { $0.isUntouched(in: folder) }.map(\.name))
    return names.filter { !own.contains($0) }.map { Path.join(folder, $0) }
      .first { FileStatus($0)?.isRegular == true }
  }

  private static func write(_ bytes: [UInt8], to path: String, made: inout [String]) throws {
    let isNew = FileStatus(path) == nil
    try AtomicFile.write(bytes, to: path, durable: false)
    if isNew { made.append(path) }
  }

  /// Removes what was not there before.
  func remove() { MaskFolder.remove(made) }

  /// Removes the masks of an earlier run that would be taken for this one's.
  func removeOld() {
    for entry in old where entry.isUntouched(in: folder) { _ = systemRemove(Path.join(folder, entry.name)) }
  }

  private static func remove(_ paths: [String]) {
    // Removes files, and folders that are empty again.
    for path in paths.reversed() { _ = systemRemove(path) }
  }
}

private func systemRemove(_ path: String) -> Int32 { remove(path) }

/// Which files in a folder of masks are `segment`'s own: a hidden file there has a line of JSON for each mask that was
/// written, with its SHA-256. A file that is none of them, or has changed since, is the user's and stays.
enum MaskRecord {
  struct Entry {
    let name: String
    let digest: String

    init(name: String, bytes: [UInt8]) {
      (self.name, digest) = (name, Digest.of(bytes))
    }

    /// Nil where the value is not what ``line`` writes.
    fileprivate init?(_ value: JSONValue) {
      guard case .string(let name)? = value["mask"], case .string(let digest)? = value["sha256"],
        !name.contains("/"), Path.has(name, extension: "png")
      else { return nil }
      (self.name, self.digest) = (name, digest)
    }

    fileprivate var line: String {
      JSONText.object([("mask", .string(name)), ("sha256", .string(digest))]).line
    }

    /// Whether the file is there, no link, and as it was written.
    func isUntouched(in folder: String) -> Bool {
      let path = Path.join(folder, name)
      var link: CChar = 0
      guard FileStatus(path)?.isRegular == true, readlink(path, &link, 1) < 0,
        let bytes = try? MappedFile.contents(of: path, limit: ImageLimits.fileBytes)
      else { return false }
      return Digest.of(bytes) == digest
    }
  }

  static let fileName = ".san-masks.jsonl"

  private static let maximumByteCount = 64 << 20

  /// What is recorded of files that are still there. Lines that are damaged do not count.
  static func entries(in folder: String) -> [Entry] {
    let path = Path.join(folder, fileName)
    guard FileStatus(path) != nil, let bytes = try? MappedFile.contents(of: path, limit: maximumByteCount)
    else { return [] }
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line -> Entry? in
      let value = line.withUnsafeBytes { try? JSONValue(parsing: $0) }
      return value.flatMap { Entry($0) }
    }.filter { FileStatus(Path.join(folder, $0.name)) != nil }
  }

  static func bytes(of entries: [Entry]) -> [UInt8] { entries.flatMap { Array($0.line.utf8) } }
}
