/// A stored file of a zip archive as the format's records tell it. All sizes are in 64 bits ("zip64"), and the date is the
/// format's first, so that the same arrays are the same bytes.
package struct ZipRecord {
  private let name: String
  private let (size, offset): (Int, Int)
  private let checksum: UInt32

  /// A file of `size` bytes whose local header stands at `offset` of the archive.
  package init(name: String, size: Int, offset: Int, checksum: UInt32) {
    (self.name, self.size, self.offset, self.checksum) = (name, size, offset, checksum)
  }

  /// Stands before the file's bytes.
  package var localHeader: [UInt8] {
    Self.bytes(0x0403_4B50 as UInt32) + common + Self.bytes(20 as UInt16) + name.utf8
      + Self.bytes(1 as UInt16) + Self.bytes(16 as UInt16) + sizes
  }

  /// Stands in the archive's directory.
  package var directoryEntry: [UInt8] {
    Self.bytes(0x0201_4B50 as UInt32) + Self.bytes(Self.version) + common + Self.bytes(28 as UInt16)
      + [UInt8](repeating: 0, count: 2 + 2 + 2 + 4)  // no comment, the first disk, no attributes
      + Self.bytes(UInt32.max) + name.utf8
      + Self.bytes(1 as UInt16) + Self.bytes(24 as UInt16) + sizes + Self.bytes(UInt64(offset))
  }

  /// Ends an archive whose directory of `count` files takes `size` bytes from `offset` on.
  package static func end(count: Int, size: Int, offset: Int) -> [UInt8] {
    let (files, length, start) = (UInt64(count), UInt64(size), UInt64(offset))
    let end64 =
      bytes(0x0606_4B50 as UInt32) + bytes(44 as UInt64) + bytes(version) + bytes(version)
      + bytes(0 as UInt32) + bytes(0 as UInt32) + bytes(files) + bytes(files) + bytes(length) + bytes(start)
    let locator =
      bytes(0x0706_4B50 as UInt32) + bytes(0 as UInt32) + bytes(start + length) + bytes(1 as UInt32)
    return end64 + locator + bytes(0x0605_4B50 as UInt32) + bytes(0 as UInt16) + bytes(0 as UInt16)
      + bytes(UInt16.max) + bytes(UInt16.max) + bytes(UInt32.max) + bytes(UInt32.max) + bytes(0 as UInt16)
  }

  /// Of the format, with 64-bit sizes.
  private static let version: UInt16 = 45

  /// From the version to the length of the name. The sizes stand apart, in 64 bits.
  private var common: [UInt8] {
    Self.bytes(Self.version) + Self.bytes(0 as UInt16) + Self.bytes(0 as UInt16)  // no flags, stored
      + Self.bytes(0 as UInt16) + Self.bytes(0x21 as UInt16)  // midnight, 1 January 1980
      + Self.bytes(checksum) + Self.bytes(UInt32.max) + Self.bytes(UInt32.max)
      + Self.bytes(UInt16(name.utf8.count))
  }

  private var sizes: [UInt8] { Self.bytes(UInt64(size)) + Self.bytes(UInt64(size)) }

  private static func bytes<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
