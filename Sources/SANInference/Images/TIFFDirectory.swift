/// The first directory of a TIFF or BigTIFF block, such as EXIF is too: just enough to look single numbers up before any
/// library is asked.
struct TIFFDirectory {
  private let block: UnsafeRawBufferPointer
  private let isLittle, isBig: Bool
  private let first, count: Int

  /// `nil` where it is no such block.
  init?(_ block: UnsafeRawBufferPointer) {
    guard block.count >= 8 else { return nil }
    let isLittle: Bool
    switch (block[0], block[1]) {
    case (0x49, 0x49): isLittle = true
    case (0x4D, 0x4D): isLittle = false
    default: return nil
    }
    func number(_ offset: Int, _ bytes: Int) -> Int? {
      Self.number(in: block, at: offset, bytes: bytes, isLittle: isLittle)
    }
    let isBig = number(2, 2) == 43
    guard isBig || number(2, 2) == 42, let directory = isBig ? number(8, 8) : number(4, 4),
      let entries = number(directory, isBig ? 8 : 2)
    else { return nil }
    (self.block, self.isLittle, self.isBig) = (block, isLittle, isBig)
    (first, count) = (directory + (isBig ? 8 : 2), entries)
  }

  /// The single number, of 16 or 32 bits, that the directory has for a tag.
  func number(of wanted: Int) -> Int? {
    let step = isBig ? 20 : 12
    for entry in 0..<min(count, block.count / step) {
      let at = first + step * entry
      guard let tag = number(at, 2), let type = number(at + 2, 2) else { return nil }
      guard tag == wanted else { continue }
      // SHORT by the standard; some writers use LONG.
      return number(at + (isBig ? 12 : 8), type == 4 ? 4 : 2)
    }
    return nil
  }

  private func number(_ offset: Int, _ bytes: Int) -> Int? {
    Self.number(in: block, at: offset, bytes: bytes, isLittle: isLittle)
  }

  private static func number(
    in block: UnsafeRawBufferPointer, at offset: Int, bytes count: Int, isLittle: Bool
  ) -> Int? {
    guard offset >= 0, offset <= block.count - count else { return nil }
    let value = (0..<count).reduce(UInt64(0)) { sum, i in
      sum << 8 | UInt64(block[offset + (isLittle ? count - 1 - i : i)])
    }
    return value < 1 << 40 ? Int(value) : nil
  }
}
