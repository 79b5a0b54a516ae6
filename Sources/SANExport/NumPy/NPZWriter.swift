import SANCore

/// Writes a NumPy `.npz` file, a zip archive of stored arrays, whole or not at all. `numpy.load` needs no pickle for it.
///
/// Arrays follow each other; the pieces of one come in any order, so that none has to fit memory.
public final class NPZWriter {
  /// One entry of the archive.
  private struct Entry {
    let name: String
    let offset: Int
    let size: Int
    var checksum: CRC32
  }

  private let file: AtomicFile
  private var entries: [Entry] = []
  private var end = 0
  /// Where the array that was added last has its numbers, and what it is.
  private var start = 0
  private var shape: [Int] = []
  private var elementSize = 0

  /// Opens the file.
  ///
  /// - Parameter path: the destination, which must be a file: see `OutputFileError.notSeekable`.
  /// - Throws: `OutputFileError`.
  public init(_ path: String) throws(OutputFileError) { file = try AtomicFile(path) }

  /// Adds texts, an array of NumPy's type `U`; NumPy drops what NUL characters one ends with.
  ///
  /// - Throws: `OutputFileError` where the disk does not take them.
  public func add(_ name: String, strings: [String]) throws(OutputFileError) {
    // NumPy has no texts of length 0.
    let longest = max(strings.map(\.unicodeScalars.count).max() ?? 0, 1)
    var scalars: [UInt32] = []  // [strings, longest]
    for text in strings {
      scalars += text.unicodeScalars.map { $0.value.littleEndian }
      scalars += Array(repeating: 0, count: longest - text.unicodeScalars.count)
    }
    try add(name, type: "<U\(longest)", elementSize: 4 * longest, shape: [strings.count])
    try scalars.withUnsafeBufferPointer { (scalars) throws(OutputFileError) in
      try write(UnsafeRawBufferPointer(scalars), at: 0)
    }
  }

  /// Adds an array of numbers, 0 until they are written.
  ///
  /// - Parameters:
  ///   - name: the array's name in the archive, without `.npy`.
  ///   - type: the numbers' type.
  ///   - shape: sizes of at least 1, slowest first.
  /// - Throws: `OutputFileError` where the disk does not take its header.
  public func add<Element: NPYElement>(
    _ name: String, of type: Element.Type, shape: [Int]
  ) throws(OutputFileError) {
    precondition(shape.allSatisfy { $0 > 0 }, "sizes start at 1")
    try add(name, type: Element.npyType, elementSize: MemoryLayout<Element>.stride, shape: shape)
  }

  /// Writes consecutive elements of the array that was added last, from its element number `index` on. Each is written
  /// once.
  ///
  /// - Throws: `OutputFileError` where the disk does not take them.
  public func write<Element: NPYElement>(
    _ elements: UnsafeBufferPointer<Element>, at index: Int
  ) throws(OutputFileError) {
    precondition(elementSize == MemoryLayout<Element>.stride, "elements of the array's type")
    precondition(
      index >= 0 && index + elements.count <= shape.reduce(1, *), "elements \(index)… lie in \(shape)")
    try write(UnsafeRawBufferPointer(elements), at: index * elementSize)
  }

  /// Writes the rows `rows` of every plane of a `[K, height, width]` array, the one that was added last; `band` is
  /// `[K, rows.count, width]`. Each row is written once.
  ///
  /// - Throws: `OutputFileError` where the disk does not take them.
  public func write<Element: NPYElement>(
    band: UnsafeBufferPointer<Element>, rows: Range<Int>
  ) throws(OutputFileError) {
    precondition(shape.count == 3 && rows.lowerBound >= 0 && rows.upperBound <= shape[1], "rows of \(shape)")
    let count = rows.count * shape[2]
    precondition(band.count == shape[0] * count, "a band is [K, rows, width]")
    for k in 0..<shape[0] {
      let plane = UnsafeBufferPointer(rebasing: band[k * count..<(k + 1) * count])
      try write(plane, at: (k * shape[1] + rows.lowerBound) * shape[2])
    }
  }

  /// Makes the file appear at its destination. Call once, last.
  ///
  /// - Throws: `OutputFileError`; there is no file then.
  public func commit() throws(OutputFileError) {
    for entry in entries { try write(header(of: entry), to: entry.offset) }
    var directory: [UInt8] = []
    for entry in entries {
      let record = ZipRecord(
        name: entry.name, size: entry.size, offset: entry.offset, checksum: entry.checksum.value)
      directory += record.directoryEntry
    }
    try write(directory, to: end)
    try write(
      ZipRecord.end(count: entries.count, size: directory.count, offset: end), to: end + directory.count)
    try file.commit()
  }

  private func add(_ name: String, type: String, elementSize: Int, shape: [Int]) throws(OutputFileError) {
    let header = NPYHeader.bytes(type: type, shape: shape)
    let size = header.count + shape.reduce(elementSize, *)
    var entry = Entry(name: "\(name).npy", offset: end, size: size, checksum: CRC32(length: size))
    header.withUnsafeBytes { entry.checksum.add($0, at: 0) }
    let offset = end + self.header(of: entry).count
    try write(header, to: offset)
    // An array whose last numbers are not written has its length all the same: the directory follows it.
    (start, end) = (offset + header.count, offset + size)
    (self.shape, self.elementSize) = (shape, elementSize)
    entries.append(entry)
  }

  private func header(of entry: Entry) -> [UInt8] {
    ZipRecord(name: entry.name, size: entry.size, offset: entry.offset, checksum: entry.checksum.value)
      .localHeader
  }

  /// Writes bytes of the last array's numbers.
  private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(OutputFileError) {
    let entry = entries.count - 1
    let data = start - (end - entries[entry].size)  // the array's header
    entries[entry].checksum.add(bytes, at: data + offset)
    try file.write(bytes, at: start + offset)
  }

  private func write(_ bytes: [UInt8], to offset: Int) throws(OutputFileError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(OutputFileError) in
      try file.write(UnsafeRawBufferPointer(bytes), at: offset)
    }
  }
}
