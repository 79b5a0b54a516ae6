/// Little-endian reads that are checked against the bounds of the bytes: nil, never a trap.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer

  var count: Int { bytes.count }

  /// The byte at `offset`.
  func byte(at offset: Int) -> UInt8? {
    offset >= 0 && offset < bytes.count ? bytes[offset] : nil
  }

  /// The integer of `type` at `offset`, of any alignment.
  func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T? {
    guard holds(MemoryLayout<T>.size, at: offset) else { return nil }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// An unsigned integer of `type` at `offset` as an `Int`, where it fits.
  func length<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> Int? {
    integer(at: offset, as: type).flatMap { Int(exactly: $0) }
  }

  /// Whether `size` bytes from `offset` lie within.
  func holds(_ size: Int, at offset: Int) -> Bool {
    size >= 0 && offset >= 0 && offset <= bytes.count && size <= bytes.count - offset
  }

  /// The bytes from `offset` on.
  func slice(at offset: Int, count: Int) -> UnsafeRawBufferPointer? {
    holds(count, at: offset) ? UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]) : nil
  }

  /// The UTF-8 text of `count` bytes from `offset` on, where it is valid.
  func text(at offset: Int, count: Int) -> String? {
    slice(at: offset, count: count).flatMap { String(validating: $0, as: UTF8.self) }
  }
}

/// `text` in quotes for a message: one line, without control characters, shortened.
func quoted(_ text: some StringProtocol) -> String {
  let limit = 120
  var result = "\""
  for scalar in text.unicodeScalars.prefix(limit) {
    let category = scalar.properties.generalCategory
    result +=
      category == .control || category == .format ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
  }
  return result + (text.unicodeScalars.dropFirst(limit).isEmpty ? "\"" : "…\"")
}

/// The first of `items`, and how many more there are.
func listed(_ items: [String], limit: Int = 8) -> String {
  let first = items.prefix(limit).joined(separator: ", ")
  return items.count > limit ? "\(first) and \(items.count - limit) more" : first
}
