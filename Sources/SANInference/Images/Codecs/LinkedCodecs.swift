import CImageCodecs

extension Codec {
  /// Linked: libjpeg reports errors by jumping, which the C beside this catches.
  static let jpeg = Codec(
    format: .jpeg, name: "JPEG", endings: ["jpg", "jpeg", "jpe", "jif", "jfif", "mpo"], library: nil,
    announces: { $0.has("\u{FF}\u{D8}\u{FF}", at: 0) },
    orientation: { EXIFOrientation.inJPEG($0) },
    open: { (bytes, request) throws(CodecFailure) in
      try JPEGDecoder(bytes, coarse: request == .colorsOfCutFiles)
    })

  /// Linked, as JPEG's.
  static let png = Codec(
    format: .png, name: "PNG", endings: ["png", "apng"], library: nil,
    announces: { $0.has("\u{89}PNG\r\n\u{1A}\n", at: 0) },
    orientation: { EXIFOrientation.inPNG($0) },
    open: { (bytes, request) throws(CodecFailure) in try PNGDecoder(bytes, labels: request == .labels) })
}

private final class JPEGDecoder: RowDecoder {
  let header: PictureHeader
  private let handle: OpaquePointer

  init(_ bytes: UnsafeRawBufferPointer, coarse: Bool) throws(CodecFailure) {
    var handle: OpaquePointer?
    var image = codec_image()
    var error = codec_error()
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    try CodecFailure.check(codec_jpeg_open(start, bytes.count, coarse, &handle, &image, &error), error)
    guard let handle else { throw .noMemory }
    (self.handle, header) = (handle, PictureHeader(image))
  }

  deinit { codec_jpeg_close(handle) }

  func read(rows: UnsafeMutablePointer<UInt8>, count: Int) throws(CodecFailure) {
    var error = codec_error()
    let stride = header.width * header.layout.bytesPerPixel
    try CodecFailure.check(codec_jpeg_read_rows(handle, rows, stride, UInt32(count), &error), error)
  }

  func finish() throws(CodecFailure) -> String? {
    var error = codec_error()
    try CodecFailure.check(codec_jpeg_finish(handle, &error), error)
    return codec_jpeg_note(handle).map { String(cString: $0) }
  }
}

private final class PNGDecoder: RowDecoder {
  let header: PictureHeader
  private let handle: OpaquePointer

  init(_ bytes: UnsafeRawBufferPointer, labels: Bool) throws(CodecFailure) {
    // What Xcode makes of the pictures of programs for iOS: headerless deflate, and colours in another order.
    guard !bytes.has("CgBI", at: 12) else {
      throw .unsupported("it is CgBI, Apple's own form of PNG for programs")
    }
    var handle: OpaquePointer?
    var image = codec_image()
    var error = codec_error()
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    try CodecFailure.check(codec_png_open(start, bytes.count, labels, &handle, &image, &error), error)
    guard let handle else { throw .noMemory }
    (self.handle, header) = (handle, PictureHeader(image))
  }

  deinit { codec_png_close(handle) }

  func read(rows: UnsafeMutablePointer<UInt8>, count: Int) throws(CodecFailure) {
    var error = codec_error()
    let stride = header.width * header.layout.bytesPerPixel
    try CodecFailure.check(codec_png_read_rows(handle, rows, stride, UInt32(count), &error), error)
  }

  func finish() throws(CodecFailure) -> String? {
    var error = codec_error()
    try CodecFailure.check(codec_png_finish(handle, &error), error)
    return codec_png_note(handle).map { String(cString: $0) }
  }
}

extension PictureHeader {
  fileprivate init(_ image: codec_image) {
    guard let layout = Layout(rawValue: Int(image.bytes_per_pixel)) else {
      preconditionFailure("a pixel has 1 to 4 bytes")
    }
    self.init(
      width: Int(image.width), height: Int(image.height), layout: layout, isWhole: image.interlaced,
      minimumBytes: Int(clamping: image.minimum_bytes))
  }
}

extension CodecFailure {
  fileprivate static func check(_ status: codec_status, _ error: codec_error) throws(CodecFailure) {
    guard status != codec_ok else { return }
    let reason = withUnsafeBytes(of: error.message) { text in
      String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }
    switch status {
    case codec_no_memory: throw .noMemory
    case codec_unsupported: throw .unsupported(reason)
    case codec_cut: throw .cut(reason, rows: Int(error.rows))
    default: throw .damaged(reason)
    }
  }
}
