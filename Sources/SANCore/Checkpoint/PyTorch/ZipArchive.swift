/// The directory of a zip archive whose entries are stored as they are. Checksums are not verified: that
/// would read hundreds of megabytes that are otherwise used in place, a few at a time.
struct ZipArchive: Sendable {
  /// An entry as the central directory describes it.
  struct Entry: Sendable {
    let name: String
    let flags: UInt16
    let method: UInt16
    let compressedSize: Int
    let size: Int
    /// The position of the local header.
    let headerOffset: Int
  }

  let entries: [String: Entry]
  private let file: MappedFile
  /// Where the central directory starts: entries end before.
  private let directoryOffset: Int

  private enum Signature {
    static let localHeader: UInt32 = 0x0403_4B50
    static let directoryHeader: UInt32 = 0x0201_4B50
    static let end: UInt32 = 0x0605_4B50
    static let end64: UInt32 = 0x0606_4B50
    static let end64Locator: UInt32 = 0x0706_4B50
  }

  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    ByteReader(bytes: bytes).integer(at: 0, as: UInt32.self) == Signature.localHeader
  }

  /// Reads the central directory of `file`.
  ///
  /// - Throws: ``CheckpointError``.
  init(_ file: MappedFile) throws {
    self.file = file
    let reader = ByteReader(bytes: file.bytes)
    let directory = try Self.directory(in: reader, file: file.path)
    directoryOffset = directory.offset
    var entries: [String: Entry] = [:]
    var position = directory.offset
    for index in 0..<directory.count {
      guard let (entry, next) = Self.entry(at: position, in: reader),
        next <= directory.offset + directory.size
      else {
        throw Self.malformed(file.path, "entry \(index) of the directory is cut short")
      }
      guard entries.updateValue(entry, forKey: entry.name) == nil else {
        throw Self.malformed(file.path, "the entry \(quoted(entry.name)) twice")
      }
      position = next
    }
    self.entries = entries
  }

  private static func malformed(_ file: String, _ problem: String) -> CheckpointError {
    .malformed(file: file, part: "zip archive", problem: problem)
  }

  /// The extent of the central directory, and how many entries it has.
  private static func directory(
    in reader: ByteReader, file: String
  ) throws -> (offset: Int, size: Int, count: Int) {
    // The end record has 22 bytes and a comment of up to 65,535.
    let longest = 22 + 65_535
    var end = reader.count - 22
    while end >= 0 && end >= reader.count - longest {
      if reader.integer(at: end, as: UInt32.self) == Signature.end,
        let comment = reader.length(at: end + 20, as: UInt16.self), end + 22 + comment == reader.count
      {
        break
      }
      end -= 1
    }
    guard end >= 0, end >= reader.count - longest, var count = reader.length(at: end + 10, as: UInt16.self),
      var size = reader.length(at: end + 12, as: UInt32.self),
      var offset = reader.length(at: end + 16, as: UInt32.self)
    else { throw malformed(file, "its end is missing") }

    if reader.integer(at: end - 20, as: UInt32.self) == Signature.end64Locator {
      guard let end64 = reader.length(at: end - 12, as: UInt64.self),
        reader.integer(at: end64, as: UInt32.self) == Signature.end64,
        let count64 = reader.length(at: end64 + 32, as: UInt64.self),
        let size64 = reader.length(at: end64 + 40, as: UInt64.self),
        let offset64 = reader.length(at: end64 + 48, as: UInt64.self)
      else { throw malformed(file, "its 64-bit end is missing") }
      (count, size, offset) = (count64, size64, offset64)
    }
    // A directory entry has at least 46 bytes.
    guard reader.holds(size, at: offset), offset + size <= end, count <= size / 46 else {
      throw malformed(file, "its directory lies outside of the file")
    }
    return (offset, size, count)
  }

  /// The directory entry at `position`, and where the next one starts.
  private static func entry(at position: Int, in reader: ByteReader) -> (Entry, next: Int)? {
    guard reader.integer(at: position, as: UInt32.self) == Signature.directoryHeader,
      let flags = reader.integer(at: position + 8, as: UInt16.self),
      let method = reader.integer(at: position + 10, as: UInt16.self),
      var compressedSize = reader.length(at: position + 20, as: UInt32.self),
      var size = reader.length(at: position + 24, as: UInt32.self),
      let nameLength = reader.length(at: position + 28, as: UInt16.self),
      let extraLength = reader.length(at: position + 30, as: UInt16.self),
      let commentLength = reader.length(at: position + 32, as: UInt16.self),
      var headerOffset = reader.length(at: position + 42, as: UInt32.self),
      let name = reader.text(at: position + 46, count: nameLength),
      reader.holds(extraLength + commentLength, at: position + 46 + nameLength)
    else { return nil }

    // The 64-bit extra field holds, in this order, those of the three that do not fit in 32 bits.
    var extra = position + 46 + nameLength
    let extraEnd = extra + extraLength
    while extra + 4 <= extraEnd, let id = reader.integer(at: extra, as: UInt16.self),
      let length = reader.length(at: extra + 2, as: UInt16.self), extra + 4 + length <= extraEnd
    {
      if id == 1 {
        var field = extra + 4
        func take(_ value: inout Int) -> Bool {
          guard value == Int(UInt32.max) else { return true }
          guard field + 8 <= extra + 4 + length, let wide = reader.length(at: field, as: UInt64.self) else {
            return false
          }
          value = wide
          field += 8
          return true
        }
        guard take(&size), take(&compressedSize), take(&headerOffset) else { return nil }
      }
      extra += 4 + length
    }
    let entry = Entry(
      name: name, flags: flags, method: method, compressedSize: compressedSize, size: size,
      headerOffset: headerOffset)
    return (entry, extraEnd + commentLength)
  }

  /// Where the bytes of `entry` lie in the file.
  ///
  /// - Throws: ``CheckpointError``, `unsupported` for a compressed or encrypted entry.
  func range(of entry: Entry) throws -> Range<Int> {
    let part = "zip entry \(quoted(entry.name))"
    guard entry.method == 0, entry.flags & 1 == 0 else {
      throw CheckpointError.unsupported(
        file: file.path, part: part,
        problem: "it is compressed or encrypted, which torch.save never does; store the archive uncompressed")
    }
    let reader = ByteReader(bytes: file.bytes)
    // The local header repeats the name; its extra field has a length of its own.
    guard reader.integer(at: entry.headerOffset, as: UInt32.self) == Signature.localHeader,
      let nameLength = reader.length(at: entry.headerOffset + 26, as: UInt16.self),
      let extraLength = reader.length(at: entry.headerOffset + 28, as: UInt16.self),
      let name = reader.slice(at: entry.headerOffset + 30, count: nameLength),
      name.elementsEqual(entry.name.utf8)
    else {
      throw CheckpointError.malformed(file: file.path, part: part, problem: "its local header does not match")
    }
    let start = entry.headerOffset + 30 + nameLength + extraLength
    guard entry.size == entry.compressedSize, start <= directoryOffset, entry.size <= directoryOffset - start
    else {
      throw CheckpointError.malformed(
        file: file.path, part: part, problem: "its bytes lie outside of the archive")
    }
    return start..<start + entry.size
  }
}
