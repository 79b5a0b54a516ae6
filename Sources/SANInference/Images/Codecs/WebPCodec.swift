import CImageCodecs

extension Codec {
  static let webP = Codec(
    format: .webP, name: "WebP", endings: ["webp"], library: .webP,
    announces: { $0.has("RIFF", at: 0) && $0.has("WEBP", at: 8) },
    orientation: { EXIFOrientation.inWebP($0) },
    open: { (bytes, request) throws(CodecFailure) in try WebPDecoder(bytes) })
}

/// libwebp's functions, of its interface since version 0.2. It has no header here: the types are as its
/// documentation has them.
struct WebPLibrary: @unchecked Sendable {
  fileprivate typealias Features =
    @convention(c) (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<codec_webp_features>, Int32) -> Int32
  fileprivate typealias MakeDecoder =
    @convention(c) (Int32, UnsafeMutablePointer<UInt8>, Int, Int32) -> OpaquePointer?
  fileprivate typealias Update = @convention(c) (OpaquePointer, UnsafePointer<UInt8>?, Int) -> Int32
  fileprivate typealias Number = UnsafeMutablePointer<Int32>
  fileprivate typealias Rows =
    @convention(c) (OpaquePointer, Number, Number?, Number?, Number?) -> UnsafeMutablePointer<UInt8>?
  fileprivate typealias Delete = @convention(c) (OpaquePointer) -> Void

  // Pointers to functions and a text, which any thread may use.
  fileprivate let features: Features
  fileprivate let makeDecoder: MakeDecoder
  fileprivate let update: Update
  fileprivate let rows: Rows
  fileprivate let delete: Delete
  /// Such as `1.2.4`.
  let version: String

  static let shared = SystemLibrary.webP.load().flatMap(WebPLibrary.init)

  private init?(_ library: SystemLibrary.Loaded) {
    typealias Version = @convention(c) () -> Int32
    guard let version = library.function("WebPGetDecoderVersion", as: Version.self),
      let features = library.function("WebPGetFeaturesInternal", as: Features.self),
      let makeDecoder = library.function("WebPINewRGB", as: MakeDecoder.self),
      let update = library.function("WebPIUpdate", as: Update.self),
      let rows = library.function("WebPIDecGetRGB", as: Rows.self),
      let delete = library.function("WebPIDelete", as: Delete.self)
    else { return nil }
    let number = version()
    self.version = "\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
    (self.features, self.makeDecoder, self.update) = (features, makeDecoder, update)
    (self.rows, self.delete) = (rows, delete)
  }

  /// libwebp's numbers: of the interface, whose high byte must be its own, and of its results and layouts.
  fileprivate static let interface: Int32 = 0x0209
  fileprivate enum Status {
    static let (ok, noMemory, suspended, notEnough): (Int32, Int32, Int32, Int32) = (0, 1, 5, 7)
  }
  fileprivate enum Mode { static let (rgb, rgba): (Int32, Int32) = (0, 1) }
}

private final class WebPDecoder: RowDecoder {
  let header: PictureHeader
  private let library: WebPLibrary
  private let picture: UnsafeRawBufferPointer
  /// Where the picture lies on the canvas of the file, which is larger for some animations.
  private let (left, top, pictureHeight): (Int, Int, Int)

  init(_ bytes: UnsafeRawBufferPointer) throws(CodecFailure) {
    guard let library = WebPLibrary.shared else { throw .noLibrary(.webP) }
    self.library = library
    let whole = try Self.features(of: bytes, library)
    guard whole.has_animation != 0 else {
      picture = bytes
      (left, top, pictureHeight) = (0, 0, Int(whole.height))
      header = PictureHeader(
        width: Int(whole.width), height: Int(whole.height), layout: whole.has_alpha != 0 ? .rgba : .rgb,
        isWhole: true)
      return
    }
    let frame = try Self.firstFrame(bytes)
    let size = try Self.features(of: frame.data, library)
    guard frame.left + Int(size.width) <= Int(whole.width), frame.top + Int(size.height) <= Int(whole.height)
    else { throw .damaged("its first picture lies outside of its canvas") }
    picture = frame.data
    (left, top, pictureHeight) = (frame.left, frame.top, Int(size.height))
    let covers = size.width == whole.width && size.height == whole.height
    header = PictureHeader(
      width: Int(whole.width), height: Int(whole.height),
      layout: covers && size.has_alpha == 0 ? .rgb : .rgba, isWhole: true)
  }

  private static func features(
    of bytes: UnsafeRawBufferPointer, _ library: WebPLibrary
  ) throws(CodecFailure) -> codec_webp_features {
    var features = codec_webp_features()
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let status = library.features(start, bytes.count, &features, WebPLibrary.interface)
    try check(status, rows: 0)
    return features
  }

  /// The data of an animation's first picture: after the 16 bytes that begin its chunk come chunks that libwebp reads.
  private static func firstFrame(
    _ bytes: UnsafeRawBufferPointer
  ) throws(CodecFailure) -> (data: UnsafeRawBufferPointer, left: Int, top: Int) {
    func number(_ at: Int, _ count: Int) -> Int {
      bytes[at..<at + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    var at = 12
    while at + 8 <= bytes.count {
      let length = number(at + 4, 4)
      if bytes.has("ANMF", at: at) {
        let end = min(bytes.count, at + 8 + length)
        guard end >= at + 24 else { break }
        return (
          UnsafeRawBufferPointer(rebasing: bytes[at + 24..<end]), 2 * number(at + 8, 3),
          2 * number(at + 11, 3)
        )
      }
      at += 8 + length + length % 2
    }
    throw .cut("it has no picture", rows: 0)
  }

  func read(rows: UnsafeMutablePointer<UInt8>, count: Int) throws(CodecFailure) {
    let step = header.layout.bytesPerPixel
    let stride = header.width * step
    // Where the canvas is not covered it is transparent.
    if header.layout == .rgba { rows.update(repeating: 0, count: stride * count) }
    let first = top * stride + left * step
    let mode = header.layout == .rgba ? WebPLibrary.Mode.rgba : WebPLibrary.Mode.rgb
    guard
      let decoder = library.makeDecoder(mode, rows + first, stride * count - first, Int32(stride))
    else { throw .noMemory }
    defer { library.delete(decoder) }
    let start = picture.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let status = library.update(decoder, start, picture.count)
    var there: Int32 = 0
    if status != WebPLibrary.Status.ok { _ = library.rows(decoder, &there, nil, nil, nil) }
    try Self.check(status, rows: there > 0 ? top + Int(there) : 0)
  }

  func finish() throws(CodecFailure) -> String? { nil }

  private static func check(_ status: Int32, rows: Int) throws(CodecFailure) {
    switch status {
    case WebPLibrary.Status.ok: return
    case WebPLibrary.Status.noMemory: throw .noMemory
    case WebPLibrary.Status.suspended, WebPLibrary.Status.notEnough:
      throw .cut("the file ends too early", rows: rows)
    default: throw .damaged("libwebp's status is \(status)")
    }
  }
}
