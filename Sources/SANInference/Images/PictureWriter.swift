import CImageCodecs

/// Encodes 8-bit RGB pictures in the format that a file's name asks for: PNG, which keeps every pixel, or smaller JPEG and
/// WebP, which do not. Quality is 90 of 100, with colour at full resolution in JPEG.
public enum PictureWriter: Sendable, CaseIterable {
  case png
  case jpeg
  case webP

  private static let quality: Int32 = 90

  /// The format whose files' names end as `path` does, letters' case aside; nil where there is none.
  public init?(path: String) {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last.map { $0.lowercased() } ?? ""
    func ends(_ format: ImageFormat) -> Bool { format.endings.contains { name.hasSuffix(".\($0)") } }
    if ends(.png) {
      self = .png
    } else if ends(.jpeg) {
      self = .jpeg
    } else if ends(.webP) {
      self = .webP
    } else {
      return nil
    }
  }

  /// What is read back as this.
  public var format: ImageFormat {
    switch self {
    case .png: .png
    case .jpeg: .jpeg
    case .webP: .webP
    }
  }

  /// What its files' names end in where nobody asks for another: `png`, `jpg` or `webp`.
  public var ending: String { format.endings[0] }

  /// Why nothing can be written on this machine, and the way out; nil where it can.
  public var problem: String? {
    self == .webP && WebPEncoder.shared == nil
      ? "WebP needs \(SystemLibrary.webP.name), which is not found; \(SystemLibrary.webP.advice)" : nil
  }

  /// The longest side that the format has room for, in pixels.
  public var longestSide: Int {
    switch self {
    case .png: ImageLimits.side
    case .jpeg: 65_500
    case .webP: 16_383
    }
  }

  /// Encodes a picture.
  ///
  /// - Parameters:
  ///   - image: the picture.
  ///   - name: what errors call the file.
  /// - Throws: ``ImageError``: ``ImageError/noRoom(name:format:longestSide:)``,
  ///   ``ImageError/missingLibrary(name:format:library:advice:)`` or ``ImageError/outOfMemory(name:width:height:)``.
  public func encode(_ image: RGBImage, name: String) throws(ImageError) -> [UInt8] {
    let (width, height) = (image.width, image.height)
    guard max(width, height) <= longestSide else {
      throw .noRoom(name: name, format: format, longestSide: longestSide)
    }
    switch self {
    case .png: return try PNGWriter.encode(image)
    case .jpeg:
      var bytes: UnsafeMutablePointer<UInt8>?
      var count = 0
      var error = codec_error()
      let status = codec_jpeg_write(
        image.pixels, UInt32(width), UInt32(height), PictureWriter.quality, &bytes, &count, &error)
      // The size is checked, so nothing but memory can be wanting.
      guard status == codec_ok, let bytes else {
        throw .outOfMemory(name: name, width: width, height: height)
      }
      defer { codec_free(bytes) }
      return Array(UnsafeBufferPointer(start: bytes, count: count))
    case .webP:
      guard let encoder = WebPEncoder.shared else {
        throw .missingLibrary(
          name: name, format: .webP, library: SystemLibrary.webP.name, advice: SystemLibrary.webP.advice)
      }
      guard let bytes = encoder.encode(image, quality: Float(PictureWriter.quality)) else {
        throw .outOfMemory(name: name, width: width, height: height)
      }
      return bytes
    }
  }
}

/// libwebp's functions for writing.
private struct WebPEncoder: @unchecked Sendable {
  typealias Output = UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>
  typealias Encode = @convention(c) (UnsafePointer<UInt8>, Int32, Int32, Int32, Float, Output) -> Int
  typealias Free = @convention(c) (UnsafeMutableRawPointer?) -> Void

  // Pointers to functions, which any thread may use.
  private let encode: Encode
  private let free: Free

  static let shared = SystemLibrary.webP.load().flatMap(WebPEncoder.init)

  private init?(_ library: SystemLibrary.Loaded) {
    guard let encode = library.function("WebPEncodeRGB", as: Encode.self),
      let free = library.function("WebPFree", as: Free.self)
    else { return nil }
    (self.encode, self.free) = (encode, free)
  }

  /// The file's bytes; nil where there is no memory for them.
  func encode(_ image: RGBImage, quality: Float) -> [UInt8]? {
    var bytes: UnsafeMutablePointer<UInt8>?
    let count = encode(
      image.pixels, Int32(image.width), Int32(image.height), Int32(image.width * 3), quality, &bytes)
    defer { free(bytes) }
    guard count > 0, let bytes else { return nil }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}
