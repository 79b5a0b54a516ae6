/// The formats that are read.
public enum ImageFormat: String, Sendable, CaseIterable {
  /// ISO/IEC 10918: baseline, extended and progressive, 8 bits.
  case jpeg
  /// ISO/IEC 15948: every colour type, depth and interlacing; of animated ones the default picture.
  case png
  /// RFC 9649: lossy and lossless; of animated ones the first picture.
  case webP = "webp"
  /// ISO/IEC 23008-12 with HEVC: the primary picture.
  case heif
  /// ISO/IEC 23008-12 with AV1: the primary picture.
  case avif
  /// TIFF 6.0 and BigTIFF: grey, palette, RGB and CMYK of up to 16 bits, the first page.
  case tiff
  /// GIF 87a and 89a: the first picture.
  case gif
  /// Windows's and OS/2's bitmaps of 1 to 32 bits.
  case bmp

  /// The format's usual name.
  public var name: String { Codec.row(of: self).name }

  /// What names of such files end in, in small letters and without the dot; the usual one first.
  public var endings: [String] { Codec.row(of: self).endings }

  /// As many first bytes as tell the format.
  public static let headBytes = 64

  /// The format that the first bytes of a file announce, or `nil` where it is none that is read.
  ///
  /// - Parameter bytes: the first ``headBytes`` of the file, or all of a shorter one; more are not looked at.
  public init?(firstBytes bytes: some Collection<UInt8>) {
    let head = Array(bytes.prefix(Self.headBytes))
    guard let codec = Codec.table.first(where: { $0.announces(head) }) else { return nil }
    self = codec.format
  }

  /// All formats' names for a sentence: `JPEG, PNG or GIF`.
  static var list: String {
    let names = Codec.table.map(\.name)
    return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
  }

  /// What a file of no format that is read looks like by its first bytes, for an error message.
  static func guess(firstBytes bytes: some Collection<UInt8>) -> String? {
    let head = Array(bytes.prefix(headBytes))
    return otherFormats.first { head.has($0.mark, at: $0.offset) }?.name
  }

  private static let raw = "a camera's raw file"

  /// Name, position of the mark, and the mark, a byte each character.
  private static let otherFormats: [(name: String, offset: Int, mark: String)] = [
    ("JPEG XL", 4, "JXL "),
    ("JPEG XL", 0, "\u{FF}\n"),
    ("JPEG 2000", 0, "\0\0\0\u{0C}jP"),
    ("JPEG 2000", 0, "\u{FF}\u{4F}\u{FF}\u{51}"),
    (raw, 4, "ftypcrx "),  // Canon's CR3
    (raw, 0, "II\u{1A}\0\0\0HEAPCCDR"),  // Canon's CRW
    (raw, 0, "IIRO"), (raw, 0, "IIRS"), (raw, 0, "MMOR"),  // Olympus's ORF
    (raw, 0, "IIU\0"),  // Panasonic's RW2
    (raw, 0, "FUJIFILMCCD-RAW"), (raw, 0, "FOVb"), (raw, 0, "\0MRM"),  // Fuji, Sigma, Minolta
    ("a Photoshop file (PSD)", 0, "8BPS"),
    ("an icon (ICO)", 0, "\0\0\u{01}\0"),
    ("an OpenEXR picture", 0, "v/1\u{01}"),
    ("a film", 4, "ftyp"),
    ("a zip archive", 0, "PK\u{03}\u{04}"),
    ("PDF", 0, "%PDF"),
    ("SVG", 0, "<svg"),
    ("XML or SVG text", 0, "<?xml"),
    ("a NumPy array", 1, "NUMPY"),
    ("a damaged JPEG", 0, "\u{FF}\u{D8}"),
  ]
}

extension Collection<UInt8> where Index == Int {
  /// Whether `mark`, a byte each character, lies `offset` bytes from the start.
  func has(_ mark: String, at offset: Int) -> Bool {
    let mark = mark.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    return count >= offset + mark.count && dropFirst(offset).starts(with: mark)
  }
}
