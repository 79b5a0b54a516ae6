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
    let exif: Range<Int>? =
      switch format {
      case .jpeg: Self.exifInJPEG(bytes)
      case .png: Self.exifInPNG(bytes)
      }
    self = exif.flatMap { Self.orientation(inTIFF: bytes, range: $0) } ?? .upright
  }

  private static let jpegMark: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]  // "Exif", two zeros

  /// The TIFF block within the first APP1 segment that holds EXIF.
  private static func exifInJPEG(_ bytes: UnsafeRawBufferPointer) -> Range<Int>? {
    var at = 2
    while at + 4 <= bytes.count, bytes[at] == 0xFF {
      let marker = bytes[at + 1]
      if marker == 0xFF {  // a fill byte
        at += 1
        continue
      }
      // Start of scan or end of image: the notes are over.
      if marker == 0xDA || marker == 0xD9 { return nil }
      let length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
      let end = at + 2 + length
      guard length >= 2, end <= bytes.count else { return nil }
      if marker == 0xE1, bytes[at + 4..<end].starts(with: jpegMark) {
        return at + 4 + jpegMark.count..<end
      }
      at = end
    }
    return nil
  }

  /// The data of the first eXIf chunk, before or after the pixels.
  private static func exifInPNG(_ bytes: UnsafeRawBufferPointer) -> Range<Int>? {
    var at = 8
    while at + 12 <= bytes.count {
      let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      let start = at + 8
      guard length <= bytes.count - start - 4 else { return nil }
      if bytes[at + 4..<start].elementsEqual("eXIf".utf8) {
        // Some writers keep JPEG's mark in front.
        let mark = bytes[start..<start + length].starts(with: jpegMark) ? jpegMark.count : 0
        return start + mark..<start + length
      }
      at = start + length + 4
    }
    return nil
  }

  /// Looks tag 0x0112 up in the first directory of a TIFF block.
  private static func orientation(inTIFF bytes: UnsafeRawBufferPointer, range: Range<Int>) -> Self? {
    let block = UnsafeRawBufferPointer(rebasing: bytes[range])
    guard block.count >= 8 else { return nil }
    let little: Bool
    switch (block[0], block[1]) {
    case (0x49, 0x49): little = true
    case (0x4D, 0x4D): little = false
    default: return nil
    }
    func number(at offset: Int, bytes count: Int) -> Int? {
      guard offset >= 0, offset <= block.count - count else { return nil }
      return (0..<count).reduce(0) { sum, i in
        sum << 8 | Int(block[offset + (little ? count - 1 - i : i)])
      }
    }
    guard number(at: 2, bytes: 2) == 42, let directory = number(at: 4, bytes: 4),
      let entries = number(at: directory, bytes: 2)
    else { return nil }
    for entry in 0..<entries {
      let at = directory + 2 + 12 * entry
      guard let tag = number(at: at, bytes: 2), let type = number(at: at + 2, bytes: 2) else { return nil }
      guard tag == 0x0112 else { continue }
      // SHORT by the standard; some writers use LONG.
      guard let value = number(at: at + 8, bytes: type == 4 ? 4 : 2) else { return nil }
      return UInt8(exactly: value).flatMap(Self.init(rawValue:))
    }
    return nil
  }
}
