/// How a stored picture must be turned to stand upright: EXIF tag 0x0112, in the file's numbering.
public enum EXIFOrientation: UInt8, Sendable, CaseIterable {
  /// As stored.
  case upright = 1
  /// Left and right exchanged.
  case mirrored = 2
  /// Turned by half a turn.
  case halfTurn = 3
  /// Top and bottom exchanged.
  case flipped = 4
  /// Rows and columns exchanged.
  case transposed = 5
  /// To be turned a quarter clockwise.
  case quarterClockwise = 6
  /// Rows and columns exchanged about the other diagonal.
  case transverse = 7
  /// To be turned a quarter anticlockwise.
  case quarterAnticlockwise = 8

  /// Whether the upright picture's width is the stored one's height.
  public var exchangesSides: Bool { rawValue >= 5 }

  /// Where the stored pixel (x, y) of a `width`×`height` picture goes in the upright one, whose pixels are
  /// numbered row by row: `first + x · right + y · down`.
  func placement(width: Int, height: Int) -> (first: Int, right: Int, down: Int) {
    let (w, h) = (width, height)
    switch self {
    case .upright: return (0, 1, w)
    case .mirrored: return (w - 1, -1, w)
    case .halfTurn: return (w * h - 1, -1, -w)
    case .flipped: return ((h - 1) * w, 1, -w)
    case .transposed: return (0, h, 1)
    case .quarterClockwise: return (h - 1, h, -1)
    case .transverse: return (w * h - 1, -h, -1)
    case .quarterAnticlockwise: return ((w - 1) * h, -h, 1)
    }
  }

  /// The orientation that an encoded picture states; upright where it states none or what it states is
  /// unsound, as viewers do: a broken note must not cost the picture.
  public init(of bytes: UnsafeRawBufferPointer, format: ImageFormat) {
    self = Codec.row(of: format).orientation(bytes)
  }

  private static let jpegMark: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]  // "Exif", two zeros

  /// JPEG's: the TIFF block within the first APP1 segment that holds EXIF.
  static func inJPEG(_ bytes: UnsafeRawBufferPointer) -> Self {
    var at = 2
    while at + 4 <= bytes.count, bytes[at] == 0xFF {
      let marker = bytes[at + 1]
      if marker == 0xFF {  // a fill byte
        at += 1
        continue
      }
      // Start of scan or end of image: the notes are over.
      if marker == 0xDA || marker == 0xD9 { return .upright }
      let length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
      let end = at + 2 + length
      guard length >= 2, end <= bytes.count else { return .upright }
      if marker == 0xE1, bytes[at + 4..<end].starts(with: jpegMark) {
        return inTIFF(bytes, at + 4 + jpegMark.count..<end)
      }
      at = end
    }
    return .upright
  }

  /// PNG's: the data of the first eXIf chunk, before or after the pixels. One whose checksum is wrong is not believed.
  static func inPNG(_ bytes: UnsafeRawBufferPointer) -> Self {
    var at = 8
    while at + 12 <= bytes.count {
      let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      let start = at + 8
      guard length <= bytes.count - start - 4 else { return .upright }
      let end = start + length
      if bytes[at + 4..<start].elementsEqual("eXIf".utf8) {
        // No EXIF is longer: JPEG has no room for it.
        let sum = bytes[end..<end + 4].reduce(0) { $0 << 8 | UInt32($1) }
        guard length <= 65_536, checksum(bytes[at + 4..<end]) == sum else { return .upright }
        return inTIFF(bytes, afterMark(bytes, start..<end))
      }
      at = end + 4
    }
    return .upright
  }

  /// WebP's: the data of the first EXIF chunk.
  static func inWebP(_ bytes: UnsafeRawBufferPointer) -> Self {
    var at = 12
    while at + 8 <= bytes.count {
      let length = bytes[at + 4..<at + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - at - 8 else { return .upright }
      if bytes[at..<at + 4].elementsEqual("EXIF".utf8) {
        return inTIFF(bytes, afterMark(bytes, at + 8..<at + 8 + length))
      }
      at += 8 + length + length % 2
    }
    return .upright
  }

  /// Some writers keep JPEG's mark in front.
  private static func afterMark(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int> {
    range.dropFirst(bytes[range].starts(with: jpegMark) ? jpegMark.count : 0)
  }

  private static func checksum(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { c, _ in c >> 1 ^ (c & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
  }

  /// TIFF's, which is also how EXIF is laid out: tag 0x0112 in the first directory of the block.
  static func inTIFF(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>? = nil) -> Self {
    let block = UnsafeRawBufferPointer(rebasing: bytes[range ?? 0..<bytes.count])
    guard let directory = TIFFDirectory(block), let value = directory.number(of: 0x0112) else {
      return .upright
    }
    return UInt8(exactly: value).flatMap(Self.init(rawValue:)) ?? .upright
  }
}
