import SANCore
import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which files in a folder of masks are `segment`'s own: a hidden file there has a line of JSON for each mask that was
/// written, with its SHA-256. A file that is none of them, or has changed since, is the user's and stays.
enum MaskRecord {
  struct Entry {
    let name: String
    let digest: String

    init(name: String, bytes: [UInt8]) {
      (self.name, digest) = (name, SHA256.digest(bytes).hexadecimal)
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
      return SHA256.digest(bytes).hexadecimal == digest
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
