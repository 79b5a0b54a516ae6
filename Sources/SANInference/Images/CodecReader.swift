import CImageCodecs

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One encoded picture being read: the C codecs behind one face, closed on every path.
struct CodecReader: ~Copyable {
  /// The picture as it is stored, before any turn.
  let width, height: Int
  /// Of one decoded pixel.
  let bytesPerPixel: Int
  /// Whether the rows must be asked for all at once.
  let interlaced: Bool

  private let name: String
  private let format: ImageFormat
  private let handle: OpaquePointer

  /// Parses the header, and refuses sizes over ``ImageLimits`` and sizes that so few bytes cannot hold.
  /// `bytes` must stay valid until the reader is gone.
  static func open(
    _ bytes: UnsafeRawBufferPointer, format: ImageFormat, labels: Bool, name: String
  ) throws(ImageError) -> CodecReader {
    var handle: OpaquePointer?
    var image = codec_image()
    var error = codec_error()
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let status =
      switch format {
      case .jpeg: codec_jpeg_open(start, bytes.count, &handle, &image, &error)
      case .png: codec_png_open(start, bytes.count, labels, &handle, &image, &error)
      }
    let (width, height) = (Int(image.width), Int(image.height))
    guard status == codec_ok, let handle else {
      throw ImageError(error, name: name, format: format, width: width, height: height)
    }
    let reader = CodecReader(
      width: width, height: height, bytesPerPixel: Int(image.bytes_per_pixel), interlaced: image.interlaced,
      name: name, format: format, handle: handle)
    guard ImageLimits.allow(width: width, height: height) else {
      throw .tooManyPixels(name: name, width: width, height: height)
    }
    guard image.minimum_bytes <= bytes.count else {
      let reason = "\(bytes.count) bytes cannot hold \(width)×\(height) pixels"
      throw .damaged(name: name, format: format, reason: reason)
    }
    return reader
  }

  private init(
    width: Int, height: Int, bytesPerPixel: Int, interlaced: Bool, name: String, format: ImageFormat,
    handle: OpaquePointer
  ) {
    (self.width, self.height, self.bytesPerPixel) = (width, height, bytesPerPixel)
    (self.interlaced, self.name, self.format, self.handle) = (interlaced, name, format, handle)
  }

  deinit {
    switch format {
    case .jpeg: codec_jpeg_close(handle)
    case .png: codec_png_close(handle)
    }
  }

  /// Decodes the next `count` rows into `rows`, which has room for `count · width · bytesPerPixel`.
  func read(rows: UnsafeMutablePointer<UInt8>, count: Int) throws(ImageError) {
    var error = codec_error()
    let stride = width * bytesPerPixel
    let status =
      switch format {
      case .jpeg: codec_jpeg_read_rows(handle, rows, stride, UInt32(count), &error)
      case .png: codec_png_read_rows(handle, rows, stride, UInt32(count), &error)
      }
    try check(status, error)
  }

  /// Reads what follows the last row, which must be sound too.
  func finish() throws(ImageError) {
    var error = codec_error()
    let status =
      switch format {
      case .jpeg: codec_jpeg_finish(handle, &error)
      case .png: codec_png_finish(handle, &error)
      }
    try check(status, error)
  }

  /// An array that `fill` writes whole. Its memory is not touched before, so a file that ends early costs
  /// what it held, not what it claimed.
  func makeArray<Element>(
    count: Int, fill: (UnsafeMutablePointer<Element>) throws(ImageError) -> Void
  ) throws(ImageError) -> [Element] {
    // Array would trap where malloc returns null, so ask first.
    guard let probe = malloc(count * MemoryLayout<Element>.stride) else {
      throw .outOfMemory(name: name, width: width, height: height)
    }
    free(probe)
    var failure: ImageError?
    let array = [Element](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let start = buffer.baseAddress else { return }
      do throws(ImageError) {
        try fill(start)
        filled = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return array
  }

  private func check(_ status: codec_status, _ error: codec_error) throws(ImageError) {
    guard status != codec_ok else { return }
    throw ImageError(error, name: name, format: format, width: width, height: height)
  }
}

extension ImageError {
  fileprivate init(_ error: codec_error, name: String, format: ImageFormat, width: Int, height: Int) {
    let reason = withUnsafeBytes(of: error.message) { text in
      String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }
    switch error.status {
    case codec_no_memory: self = .outOfMemory(name: name, width: width, height: height)
    case codec_unsupported: self = .unsupportedKind(name: name, format: format, reason: reason)
    default: self = .damaged(name: name, format: format, reason: reason)
    }
  }
}
