import SANCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The embedding of one class, as a cache keeps it.
package struct CachedEmbedding: Sendable, Hashable {
  /// `[E]`, of unit length: the class's row of a classifier.
  package let values: [Float]
  /// Whether the name was too long for the model.
  package let wasTruncated: Bool

  package init(values: [Float], wasTruncated: Bool) {
    (self.values, self.wasTruncated) = (values, wasTruncated)
  }
}

/// A file of embeddings of one model with one set of templates. Numbers are little-endian.
///
///     header   8 bytes    "SANTEXT1", the format's version in it
///              8          the kernel set that computed the embeddings, as `TextCache.maker` has it, zeros after it
///              32         TextCacheKey
///     entry    32         TextCacheKey.classDigest(of:)
///              4          1 where the name was too long for the model, else 0
///              4·E        float32
///              32         SHA-256 of header and entry
///
/// Entries follow each other to the file's end, the oldest first. The file says nothing of its own size, and an entry
/// counts only if its digest is right.
package struct TextCacheFile: Sendable {
  /// The most bytes of a file; where more are to be kept, the oldest entries go.
  package static let maximumByteCount = 16 << 20

  private static let headerCount = 48
  static let kernelsCount = 8

  private let header: [UInt8]
  private let width: Int
  private let bytes: [UInt8]

  private var entryCount: Int { 36 + width * 4 + SHA256.byteCount }

  /// A file without entries.
  ///
  /// - Parameter kernels: the kernel set's name, of 8 ASCII characters at most.
  package init(key: TextCacheKey, kernels: String) {
    let padding = TextCacheFile.kernelsCount - kernels.utf8.count
    precondition(padding >= 0, "a kernel set's name is short")
    header =
      Array("SANTEXT1".utf8) + Array(kernels.utf8) + [UInt8](repeating: 0, count: padding) + key.bytes
    width = key.width
    bytes = header
  }

  /// The file that `bytes` are.
  ///
  /// - Parameter kernels: the kernel set that must have made it; any where it is nil.
  /// - Returns: nil where it is no such file, or one of another key.
  package init?(_ bytes: [UInt8], key: TextCacheKey, kernels: String?) {
    let empty = TextCacheFile(key: key, kernels: kernels ?? "")
    guard bytes.count >= TextCacheFile.headerCount else { return nil }
    var header = Array(bytes[..<TextCacheFile.headerCount])
    self.header = header
    if kernels == nil {
      header.replaceSubrange(8..<16, with: [UInt8](repeating: 0, count: TextCacheFile.kernelsCount))
    }
    guard header == empty.header else { return nil }
    width = key.width
    self.bytes = bytes
  }

  /// The sound entries of the classes asked for.
  package func entries(_ wanted: Set<[UInt8]>) -> [[UInt8]: CachedEmbedding] {
    var found: [[UInt8]: CachedEmbedding] = [:]
    forEachEntry { digest, entry in
      if wanted.contains(digest), let value = decode(entry) { found[digest] = value }
    }
    return found
  }

  /// The bytes of a file with `added` after the entries of this one, whose digests are checked when they are used.
  package func appending(_ added: [(digest: [UInt8], value: CachedEmbedding)]) -> [UInt8] {
    var taken = Set<[UInt8]>()
    // An entry given twice counts once.
    let added = added.filter { taken.insert($0.digest).inserted }
    var kept: [Range<Int>] = []
    forEachEntry { digest, entry in
      if taken.insert(digest).inserted { kept.append(entry) }
    }
    let room = (TextCacheFile.maximumByteCount - header.count) / entryCount
    let newest = added.suffix(room)
    var out = header
    out.reserveCapacity(header.count + (kept.count + newest.count) * entryCount)
    for entry in kept.suffix(room - newest.count) { out += bytes[entry] }
    for (digest, value) in newest {
      precondition(digest.count == SHA256.byteCount && value.values.count == width, "an entry of this file")
      var entry = digest
      entry += withUnsafeBytes(of: UInt32(value.wasTruncated ? 1 : 0).littleEndian, Array.init)
      for number in value.values {
        withUnsafeBytes(of: number.bitPattern.littleEndian) { entry += $0 }
      }
      out += entry
      out += SHA256.digest(header + entry)
    }
    return out
  }

  private func forEachEntry(_ body: (_ digest: [UInt8], _ entry: Range<Int>) -> Void) {
    var start = header.count
    while bytes.count - start >= entryCount {
      body(Array(bytes[start..<start + SHA256.byteCount]), start..<start + entryCount)
      start += entryCount
    }
  }

  /// The embedding in the entry that lies at `range`, if it is as it was written.
  private func decode(_ range: Range<Int>) -> CachedEmbedding? {
    let end = range.upperBound - SHA256.byteCount
    var hash = SHA256()
    hash.update(header)
    bytes.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[range.lowerBound..<end])) }
    guard hash.finish().elementsEqual(bytes[end..<range.upperBound]) else { return nil }
    return bytes.withUnsafeBytes { raw in
      func word(_ offset: Int) -> UInt32 {
        UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: range.lowerBound + offset, as: UInt32.self))
      }
      return CachedEmbedding(
        values: (0..<width).map { Float(bitPattern: word(36 + $0 * 4)) }, wasTruncated: word(32) == 1)
    }
  }
}

extension TextCacheFile {
  /// The bytes of the regular file at `path`; nil where there is none, it cannot be read, or it is too large.
  ///
  /// They are copied: a file in a cache may be cut short by anyone at any time, which ends a process that has it mapped.
  package static func contents(of path: String) -> [UInt8]? {
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_size <= maximumByteCount
    else { return nil }
    return [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
      while count < buffer.count {
        let taken = read(file, buffer.baseAddress! + count, buffer.count - count)
        if taken < 0 && errno == EINTR { continue }
        guard taken > 0 else { return }
        count += taken
      }
    }
  }
  /// Whether `path` leads to a pipe or device, on which a writer might wait for ever.
  static func isSpecial(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }
}
