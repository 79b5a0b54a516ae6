import SANCore
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
    do {
      try OutputFolder.make(folder, made: &made)
      for label in all {
        try Interruption.check()
        let path = Path.join(folder, LabelRendering.maskFileName(of: label, classes: classes))
        let isNew = FileStatus(path) == nil
        try AtomicFile.write(LabelRendering.mask(of: label, in: labels), to: path, durable: false)
        if isNew { made.append(path) }
      }
    } catch {
      MaskFolder.remove(made)
      throw error
    }
    (self.folder, count, self.made) = (folder, all.count, made)
  }

  /// Removes what was not there before.
  func remove() { MaskFolder.remove(made) }

  private static func remove(_ paths: [String]) {
    // Removes files, and folders that are empty again.
    for path in paths.reversed() { _ = systemRemove(path) }
  }
}

private func systemRemove(_ path: String) -> Int32 { remove(path) }
