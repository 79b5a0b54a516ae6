/// The formats that are read.
public enum ImageFormat: String, Sendable, CaseIterable {
  /// ISO/IEC 10918: baseline, extended and progressive, 8 bits.
  case jpeg
  /// ISO/IEC 15948: every colour type, depth and interlacing.
  case png

  /// The format's usual name.
  public var name: String {
    switch self {
    case .jpeg: "JPEG"
    case .png: "PNG"
    }
  }

  /// The format that the first bytes of a file announce, or `nil` where it is neither.
  public init?(firstBytes bytes: some Collection<UInt8>) {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else {
      return nil
    }
  }

  /// What a file that is neither JPEG nor PNG looks like by its first bytes, for an error message.
  static func guess(firstBytes bytes: [UInt8]) -> String? {
    for (name, offset, magic) in otherFormats where bytes.count >= offset + magic.utf8.count {
      if bytes[offset...].starts(with: magic.utf8) { return name }
    }
    switch bytes.prefix(4) {
    case [0x49, 0x49, 0x2A, 0x00], [0x4D, 0x4D, 0x00, 0x2A]: return "TIFF"
    case [0x00, 0x00, 0x01, 0x00]: return "an icon (ICO)"
    case [0x00, 0x00, 0x00, 0x0C] where bytes.dropFirst(4).starts(with: "jP".utf8): return "JPEG 2000"
    default: break
    }
    if bytes.starts(with: [0xFF, 0x0A]) { return "JPEG XL" }
    if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return "a zip archive" }
    if bytes.starts(with: [0xFF, 0xD8]) { return "a damaged JPEG" }
    return nil
  }

  /// Name, position of the mark, and the mark.
  private static let otherFormats: [(String, Int, String)] = [
    ("GIF", 0, "GIF8"),
    ("WebP", 8, "WEBP"),
    ("BMP", 0, "BM"),
    ("AVIF", 4, "ftypavif"),
    ("AVIF", 4, "ftypavis"),
    ("HEIC", 4, "ftyphei"),
    ("HEIC", 4, "ftyphev"),
    ("HEIC", 4, "ftypmif1"),
    ("JPEG XL", 4, "JXL "),
    ("PDF", 0, "%PDF"),
    ("SVG", 0, "<svg"),
    ("XML or SVG text", 0, "<?xml"),
    ("a NumPy array", 1, "NUMPY"),
  ]
}
