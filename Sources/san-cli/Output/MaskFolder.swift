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
