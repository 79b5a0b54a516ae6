/// Builds zip archives byte by byte, sound ones and others.
struct ZipBuilder {
  struct Entry {
    var name: String
    var data: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    /// What the directory says of the local header's position, if not the truth.
    var headerOffset: Int?
    /// What the directory says of the size, if not the truth.
    var size: Int?
    /// What the local header calls the entry, if not its name.
    var localName: String?
  }

  var entries: [Entry]
  var comment: [UInt8] = []
  /// Whether sizes and positions are given in 64 bits.
  var wide = false
  /// The boundary at which data starts, as in files of PyTorch.
  var alignment = 64

  init(_ entries: [(String, [UInt8])]) {
    self.entries = entries.map { Entry(name: $0.0, data: $0.1) }
  }

  var bytes: [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let offset = entry.headerOffset ?? file.count
      let localName = Array((entry.localName ?? entry.name).utf8)
      let unpadded = file.count + 30 + localName.count
      let padding = (alignment - unpadded % alignment) % alignment
      file +=
        littleEndian(0x0403_4B50 as UInt32) + [0, 0] + littleEndian(entry.flags) + littleEndian(entry.method)
      file += [UInt8](repeating: 0, count: 16)  // time, date, checksum and sizes: the directory has them
      file += littleEndian(UInt16(localName.count)) + littleEndian(UInt16(padding)) + localName
      file += [UInt8](repeating: 0x5A, count: padding) + entry.data

      let size = entry.size ?? entry.data.count
      let short = wide ? UInt32.max : UInt32(truncatingIfNeeded: size)
      let name = Array(entry.name.utf8)
      directory += littleEndian(0x0201_4B50 as UInt32) + [0, 0, 0, 0] + littleEndian(entry.flags)
      directory += littleEndian(entry.method) + [UInt8](repeating: 0, count: 8) + littleEndian(short)
      directory +=
        littleEndian(short) + littleEndian(UInt16(name.count)) + littleEndian(UInt16(wide ? 28 : 0))
      directory += [UInt8](repeating: 0, count: 10)
      directory += littleEndian(wide ? UInt32.max : UInt32(truncatingIfNeeded: offset)) + name
      if wide {
        directory += littleEndian(1 as UInt16) + littleEndian(24 as UInt16)
        directory += littleEndian(size) + littleEndian(size) + littleEndian(offset)
      }
    }
    let start = file.count
    file += directory
    if wide {
      let end = file.count
      file += littleEndian(0x0606_4B50 as UInt32) + littleEndian(44) + [UInt8](repeating: 0, count: 12)
      file += littleEndian(entries.count) + littleEndian(entries.count) + littleEndian(directory.count)
      file += littleEndian(start)
      file += littleEndian(0x0706_4B50 as UInt32) + [0, 0, 0, 0] + littleEndian(end) + [1, 0, 0, 0]
    }
    file += littleEndian(0x0605_4B50 as UInt32) + [0, 0, 0, 0]
    let count = wide ? UInt16.max : UInt16(entries.count)
    file += littleEndian(count) + littleEndian(count)
    file += littleEndian(wide ? UInt32.max : UInt32(directory.count))
    file += littleEndian(wide ? UInt32.max : UInt32(start))
    return file + littleEndian(UInt16(comment.count)) + comment
  }
}
