import CImageCodecs

extension Codec {
  static let heif = Codec(
    format: .heif, name: "HEIC", endings: ["heic", "heif", "hif"], library: .heif,
    announces: { head in
      !brands(head).contains { $0.hasPrefix("avi") }
        && brands(head).contains {
          $0.hasPrefix("hei") || $0.hasPrefix("hev") || $0 == "mif1" || $0 == "msf1"
        }
    },
    orientation: { _ in .upright },
    open: { (bytes, request) throws(CodecFailure) in try HEIFDecoder(bytes, of: .hevc) })

  static let avif = Codec(
    format: .avif, name: "AVIF", endings: ["avif"], library: .heif,
    announces: { head in brands(head).contains { $0 == "avif" || $0 == "avis" } },
    orientation: { _ in .upright },
    open: { (bytes, request) throws(CodecFailure) in try HEIFDecoder(bytes, of: .av1) })

  /// What the file type box at the start of an ISO base media file says the file is compatible with, as far as it is there.
  private static func brands(_ head: [UInt8]) -> [String] {
    guard head.has("ftyp", at: 4) else { return [] }
    let length = head[0..<4].reduce(0) { $0 << 8 | Int($1) }
    return stride(from: 8, to: min(length, head.count) - 3, by: 4).filter { $0 != 12 }.map {
      String(decoding: head[$0..<$0 + 4], as: UTF8.self)
    }
  }
}

/// libheif's functions, of its interface since version 1.12. It has no header here: the types are as its documentation
/// has them.
struct HEIFLibrary: @unchecked Sendable {
  fileprivate typealias Make = @convention(c) () -> OpaquePointer?
  fileprivate typealias Free = @convention(c) (OpaquePointer?) -> Void
  fileprivate typealias Read =
    @convention(c) (OpaquePointer, UnsafeRawPointer?, Int, UnsafeRawPointer?) -> codec_heif_error
  fileprivate typealias Primary =
    @convention(c) (OpaquePointer, UnsafeMutablePointer<OpaquePointer?>) -> codec_heif_error
  fileprivate typealias Number = @convention(c) (OpaquePointer) -> Int32
  fileprivate typealias Options = @convention(c) () -> UnsafeMutablePointer<codec_heif_options>?
  fileprivate typealias FreeOptions = @convention(c) (UnsafeMutablePointer<codec_heif_options>) -> Void
  fileprivate typealias Decode =
    @convention(c) (
      OpaquePointer, UnsafeMutablePointer<OpaquePointer?>, Int32, Int32, UnsafePointer<codec_heif_options>
    ) -> codec_heif_error
  fileprivate typealias PlaneNumber = @convention(c) (OpaquePointer, Int32) -> Int32
  fileprivate typealias Plane =
    @convention(c) (OpaquePointer, Int32, UnsafeMutablePointer<Int32>) -> UnsafePointer<UInt8>?
  fileprivate typealias HasDecoder = @convention(c) (Int32) -> Int32

  // Pointers to functions and a text, which any thread may use.
  fileprivate let makeContext: Make
  fileprivate let freeContext, freeHandle, freeImage: Free
  fileprivate let read: Read
  fileprivate let primary: Primary
  fileprivate let width, height, hasAlpha, isPremultiplied: Number
  fileprivate let options: Options
  fileprivate let freeOptions: FreeOptions
  fileprivate let decode: Decode
  fileprivate let imageWidth, imageHeight: PlaneNumber
  fileprivate let plane: Plane
  fileprivate let hasDecoder: HasDecoder
  /// Such as `1.15.1`.
  let version: String

  static let shared = SystemLibrary.heif.load().flatMap(HEIFLibrary.init)

  private init?(_ library: SystemLibrary.Loaded) {
    typealias Version = @convention(c) () -> UnsafePointer<CChar>
    guard let version = library.function("heif_get_version", as: Version.self),
      let makeContext = library.function("heif_context_alloc", as: Make.self),
      let freeContext = library.function("heif_context_free", as: Free.self),
      let freeHandle = library.function("heif_image_handle_release", as: Free.self),
      let freeImage = library.function("heif_image_release", as: Free.self),
      let read = library.function("heif_context_read_from_memory_without_copy", as: Read.self),
      let primary = library.function("heif_context_get_primary_image_handle", as: Primary.self),
      let width = library.function("heif_image_handle_get_width", as: Number.self),
      let height = library.function("heif_image_handle_get_height", as: Number.self),
      let hasAlpha = library.function("heif_image_handle_has_alpha_channel", as: Number.self),
      let isPremultiplied = library.function("heif_image_handle_is_premultiplied_alpha", as: Number.self),
      let options = library.function("heif_decoding_options_alloc", as: Options.self),
      let freeOptions = library.function("heif_decoding_options_free", as: FreeOptions.self),
      let decode = library.function("heif_decode_image", as: Decode.self),
      let imageWidth = library.function("heif_image_get_width", as: PlaneNumber.self),
      let imageHeight = library.function("heif_image_get_height", as: PlaneNumber.self),
      let plane = library.function("heif_image_get_plane_readonly", as: Plane.self),
      let hasDecoder = library.function("heif_have_decoder_for_format", as: HasDecoder.self)
    else { return nil }
    self.version = String(cString: version())
    (self.makeContext, self.freeContext, self.freeHandle) = (makeContext, freeContext, freeHandle)
    (self.freeImage, self.read, self.primary) = (freeImage, read, primary)
    (self.width, self.height, self.hasAlpha) = (width, height, hasAlpha)
    (self.isPremultiplied, self.options, self.freeOptions) = (isPremultiplied, options, freeOptions)
    (self.decode, self.imageWidth, self.imageHeight) = (decode, imageWidth, imageHeight)
    (self.plane, self.hasDecoder) = (plane, hasDecoder)
  }

  // libheif's numbers of what is asked for.
  fileprivate enum Coding: Int32 { case hevc = 1, av1 = 4 }
  fileprivate enum Chroma { static let (rgb, rgba): (Int32, Int32) = (10, 11) }
  fileprivate static let (rgb, interleaved): (Int32, Int32) = (1, 10)
}

/// The primary picture of a HEIF file. libheif turns, mirrors and crops it itself, as the file says.
private final class HEIFDecoder: RowDecoder {
  let header: PictureHeader
  private let library: HEIFLibrary
  private let coding: HEIFLibrary.Coding
  private let context, handle: OpaquePointer
  private let isPremultiplied: Bool
  /// The decoded picture, whole, from the first rows on.
  private var image: OpaquePointer?
  private var row = 0

  init(_ bytes: UnsafeRawBufferPointer, of coding: HEIFLibrary.Coding) throws(CodecFailure) {
    guard let library = HEIFLibrary.shared else { throw .noLibrary(.heif) }
    guard let context = library.makeContext() else { throw .noMemory }
    var handle: OpaquePointer?
    do throws(CodecFailure) {
      try Self.check(library.read(context, bytes.baseAddress, bytes.count, nil))
      try Self.check(library.primary(context, &handle))
      guard handle != nil else { throw .noMemory }
    } catch {
      library.freeContext(context)
      throw error
    }
    guard let handle else { preconditionFailure("checked above") }
    (self.library, self.coding, self.context, self.handle) = (library, coding, context, handle)
    let hasAlpha = library.hasAlpha(handle) != 0
    isPremultiplied = hasAlpha && library.isPremultiplied(handle) != 0
    header = PictureHeader(
      width: Int(library.width(handle)), height: Int(library.height(handle)), layout: hasAlpha ? .rgba : .rgb)
  }

  deinit {
    library.freeImage(image)
    library.freeHandle(handle)
    library.freeContext(context)
  }

  func read(rows: UnsafeMutablePointer<UInt8>, count: Int) throws(CodecFailure) {
    let image = try decoded()
    var stride: Int32 = 0
    guard let plane = library.plane(image, HEIFLibrary.interleaved, &stride) else { throw .noMemory }
    let bytes = header.width * header.layout.bytesPerPixel
    for y in 0..<count {
      (rows + y * bytes).update(from: plane + (row + y) * Int(stride), count: bytes)
    }
    if isPremultiplied {
      for pixel in 0..<count * header.width { takeAlphaOut(of: rows + 4 * pixel) }
    }
    row += count
  }

  func finish() throws(CodecFailure) -> String? { nil }

  private func decoded() throws(CodecFailure) -> OpaquePointer {
    if let image { return image }
    guard library.hasDecoder(coding.rawValue) != 0 else {
      throw .noLibrary(coding == .hevc ? .heifWithHEVC : .heifWithAV1)
    }
    guard let options = library.options() else { throw .noMemory }
    defer { library.freeOptions(options) }
    // Later versions have more settings, and all of them these.
    guard options.pointee.version >= 3 else { throw .noLibrary(.heif) }
    options.pointee.convert_hdr_to_8bit = 1
    options.pointee.strict_decoding = 1
    let chroma = header.layout == .rgba ? HEIFLibrary.Chroma.rgba : HEIFLibrary.Chroma.rgb
    var image: OpaquePointer?
    try Self.check(library.decode(handle, &image, HEIFLibrary.rgb, chroma, options))
    guard let image else { throw .noMemory }
    self.image = image
    // The coded picture may be of another size than the file's own words said.
    guard library.imageWidth(image, HEIFLibrary.interleaved) == header.width,
      library.imageHeight(image, HEIFLibrary.interleaved) == header.height
    else { throw .damaged("its picture is not of the size that the file states") }
    return image
  }

  private static func check(_ error: codec_heif_error) throws(CodecFailure) {
    let reason = error.message.map { String(cString: $0) } ?? "libheif's error \(error.code)"
    switch error.code {
    case 0: return
    case 3, 4: throw .unsupported(reason)
    case 6: throw .noMemory
    default: throw .damaged(reason)
    }
  }
}
