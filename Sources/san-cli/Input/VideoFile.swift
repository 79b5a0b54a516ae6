import SANCore
import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which files are taken for videos.
enum VideoFile {
  /// Endings of names, in letters of either case.
  static let endings = [
    "mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "mts", "m2ts", "wmv", "flv", "ogv", "3gp",
  ]

  /// Files in the same container that are no videos: raw photos and still pictures of kinds that are not read.
  private static let stillBrands = ["crx ", "mif1", "msf1", "miaf", "hevc", "hevx", "heim", "heis", "avis"]

  /// Whether the file at `path` is a video: by its first bytes, or where these tell nothing by its name.
  ///
  /// - Throws: ``VideoError`` for a picture with a video's name.
  static func isVideo(_ path: String) throws -> Bool {
    // A pipe's first bytes would be lost.
    guard FileStatus(path)?.isRegular == true,
      let head = try? FileDescriptor.open(path, O_RDONLY).read(upTo: 512)
    else { return false }
    let isNamed = endings.contains { Path.has(path, extension: $0) }
    if let format = ImageFormat(firstBytes: head) {
      guard isNamed else { return false }
      let ending = format.endings[0]
      throw VideoError(
        path: path,
        problem: "is a picture with the name of a video; give it a name that ends in .\(ending)",
        category: .damaged)
    }
    return isNamed || isContainer(head)
  }

  /// Whether a file of a kind that holds videos begins so.
  private static func isContainer(_ head: [UInt8]) -> Bool {
    func has(_ mark: [UInt8], at offset: Int = 0) -> Bool { head.dropFirst(offset).starts(with: mark) }
    if has(Array("ftyp".utf8), at: 4) { return !stillBrands.contains { has(Array($0.utf8), at: 8) } }
    return has([0x1A, 0x45, 0xDF, 0xA3])  // Matroska and WebM
      || has(Array("RIFF".utf8)) && has(Array("AVI ".utf8), at: 8)
      || has([0, 0, 1, 0xBA]) || has([0, 0, 1, 0xB3])  // MPEG
      || has([0x47]) && has([0x47], at: 188)  // its transport stream
      || has(Array("FLV".utf8)) || has(Array("OggS".utf8))
      || has([0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11])  // Windows Media
  }
}

/// A video that cannot be read or written.
struct VideoError: ProgramError {
  let path: String
  let problem: String
  let category: ErrorCategory
  var description: String { "\(path): \(problem)" }
}
