import CImageCodecs

/// libtiff's functions, of its interface since version 4.0. It has no header here: the types are as its documentation has
/// them.
struct TIFFLibrary: @unchecked Sendable {
  typealias Transfer = @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int) -> Int
  typealias Seek = @convention(c) (UnsafeMutableRawPointer?, UInt64, Int32) -> UInt64
  typealias Close = @convention(c) (UnsafeMutableRawPointer?) -> Int32
  typealias Size = @convention(c) (UnsafeMutableRawPointer?) -> UInt64
  typealias Map =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafeMutablePointer<UInt64>?
    ) -> Int32
  typealias Unmap = @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UInt64) -> Void
  private typealias Open =
    @convention(c) (
      UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Transfer, Transfer, Seek, Close,
      Size, Map, Unmap
    ) -> UnsafeMutableRawPointer?
  private typealias OpenWithOptions =
    @convention(c) (
      UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Transfer, Transfer, Seek, Close,
      Size, Map, Unmap, OpaquePointer
    ) -> UnsafeMutableRawPointer?
  typealias Handle = UnsafeMutableRawPointer

  // Pointers to functions and a text, which any thread may use.
  let close: @convention(c) (Handle) -> Void
  let get, getDefaulted, set: codec_function
  let scanline: @convention(c) (Handle, UnsafeMutableRawPointer, UInt32, UInt16) -> Int32
  let strip: @convention(c) (Handle, UInt32, UnsafeMutableRawPointer, Int) -> Int
  let tile: @convention(c) (Handle, UnsafeMutableRawPointer, UInt32, UInt32, UInt32, UInt16) -> Int
  let scanlineSize, tileSize, tileRowSize: @convention(c) (Handle) -> UInt64
  let isTiled: @convention(c) (Handle) -> Int32
  let isCodecThere: @convention(c) (UInt16) -> Int32
  private let openPlainly: Open
  private let options: Options?
  /// Such as `4.5.0`.
  let version: String

  /// Settings of one file, which libtiff has since version 4.5; before, what it says to everybody can only be silenced
  /// for the whole program.
  private struct Options {
    typealias SetHandler =
      @convention(c) (OpaquePointer, codec_function?, UnsafeMutableRawPointer?) -> Void
    let make: @convention(c) () -> OpaquePointer?
    let free: @convention(c) (OpaquePointer) -> Void
    let setErrorHandler, setWarningHandler: SetHandler
    let setMemory: @convention(c) (OpaquePointer, Int) -> Void
    let open: OpenWithOptions

    init?(_ library: SystemLibrary.Loaded) {
      guard
        let make = library.function("TIFFOpenOptionsAlloc", as: (@convention(c) () -> OpaquePointer?).self),
        let free = library.function("TIFFOpenOptionsFree", as: (@convention(c) (OpaquePointer) -> Void).self),
        let errors = library.function("TIFFOpenOptionsSetErrorHandlerExtR", as: SetHandler.self),
        let warnings = library.function("TIFFOpenOptionsSetWarningHandlerExtR", as: SetHandler.self),
        let memory = library.function(
          "TIFFOpenOptionsSetMaxSingleMemAlloc", as: (@convention(c) (OpaquePointer, Int) -> Void).self),
        let open = library.function("TIFFClientOpenExt", as: OpenWithOptions.self)
      else { return nil }
      (self.make, self.free, self.setErrorHandler, self.setWarningHandler) = (make, free, errors, warnings)
      (self.setMemory, self.open) = (memory, open)
    }
  }

  static let shared = SystemLibrary.tiff.load().flatMap(TIFFLibrary.init)

  private init?(_ library: SystemLibrary.Loaded) {
    typealias Number = @convention(c) (Handle) -> UInt64
    guard
      let version = library.function("TIFFGetVersion", as: (@convention(c) () -> UnsafePointer<CChar>).self),
      let open = library.function("TIFFClientOpen", as: Open.self),
      let close = library.function("TIFFClose", as: (@convention(c) (Handle) -> Void).self),
      let get = library.function("TIFFGetField", as: codec_function.self),
      let getDefaulted = library.function("TIFFGetFieldDefaulted", as: codec_function.self),
      let set = library.function("TIFFSetField", as: codec_function.self),
      let scanline = library.function(
        "TIFFReadScanline",
        as: (@convention(c) (Handle, UnsafeMutableRawPointer, UInt32, UInt16) -> Int32).self),
      let strip = library.function(
        "TIFFReadEncodedStrip",
        as: (@convention(c) (Handle, UInt32, UnsafeMutableRawPointer, Int) -> Int).self),
      let tile = library.function(
        "TIFFReadTile",
        as: (@convention(c) (Handle, UnsafeMutableRawPointer, UInt32, UInt32, UInt32, UInt16) -> Int).self),
      let scanlineSize = library.function("TIFFScanlineSize64", as: Number.self),
      let tileSize = library.function("TIFFTileSize64", as: Number.self),
      let tileRowSize = library.function("TIFFTileRowSize64", as: Number.self),
      let isTiled = library.function("TIFFIsTiled", as: (@convention(c) (Handle) -> Int32).self),
      let isCodecThere = library.function(
        "TIFFIsCODECConfigured", as: (@convention(c) (UInt16) -> Int32).self),
      let setErrors = library.function(
        "TIFFSetErrorHandler", as: (@convention(c) (UnsafeRawPointer?) -> UnsafeRawPointer?).self),
      let setWarnings = library.function(
        "TIFFSetWarningHandler", as: (@convention(c) (UnsafeRawPointer?) -> UnsafeRawPointer?).self)
    else { return nil }
    // "LIBTIFF, Version 4.5.0", and lines about its makers.
    let words = String(cString: version()).split(whereSeparator: \.isWhitespace)
    self.version = words.count > 2 ? String(words[2]) : "of unknown version"
    (self.close, self.get, self.getDefaulted, self.set) = (close, get, getDefaulted, set)
    (self.scanline, self.strip, self.tile) = (scanline, strip, tile)
    (self.scanlineSize, self.tileSize, self.tileRowSize) = (scanlineSize, tileSize, tileRowSize)
    (self.isTiled, self.isCodecThere, openPlainly) = (isTiled, isCodecThere, open)
    options = Options(library)
    if options == nil {
      _ = setErrors(nil)
      _ = setWarnings(nil)
    }
  }

  /// Opens a file in memory; both arguments must outlive it. `nil` where it is no TIFF.
  func open(
    _ source: TIFFSource, errors: UnsafeMutablePointer<codec_tiff_errors>
  ) throws(CodecFailure) -> Handle? {
    let client = Unmanaged.passUnretained(source).toOpaque()
    // No mapping of files into memory, so that every byte comes through `read`, which sees where the file ends.
    let (read, write, seek) = (TIFFSource.read, TIFFSource.write, TIFFSource.seek)
    let (close, size, map, unmap) = (TIFFSource.close, TIFFSource.size, TIFFSource.map, TIFFSource.unmap)
    guard let options else {
      return openPlainly("", "rm", client, read, write, seek, close, size, map, unmap)
    }
    guard let settings = options.make() else { throw .noMemory }
    defer { options.free(settings) }
    options.setErrorHandler(settings, codec_tiff_error_handler(), errors)
    options.setWarningHandler(settings, codec_tiff_warning_handler(), nil)
    options.setMemory(settings, ImageLimits.pixels * 8)
    return options.open("", "rm", client, read, write, seek, close, size, map, unmap, settings)
  }
}

/// A file in memory, as libtiff reads it.
final class TIFFSource {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0
  /// Whether more was asked for than there is.
  private(set) var hasEnded = false

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private static func source(_ client: UnsafeMutableRawPointer?) -> TIFFSource {
    guard let client else { preconditionFailure("libtiff gives back what it got") }
    return Unmanaged<TIFFSource>.fromOpaque(client).takeUnretainedValue()
  }

  fileprivate static let read: TIFFLibrary.Transfer = { client, target, count in
    let source = source(client)
    let got = max(0, min(count, source.bytes.count - source.at))
    if got < count { source.hasEnded = true }
    if got > 0 { target?.copyMemory(from: source.bytes.baseAddress! + source.at, byteCount: got) }
    source.at += got
    return got
  }
  fileprivate static let write: TIFFLibrary.Transfer = { _, _, _ in -1 }
  fileprivate static let seek: TIFFLibrary.Seek = { client, offset, origin in
    let source = source(client)
    // From the start, from here, or from the end.
    let base = [0, source.at, source.bytes.count][Int(origin)]
    let (sum, overflows) = base.addingReportingOverflow(Int(truncatingIfNeeded: offset))
    guard !overflows, sum >= 0 else { return .max }
    source.at = sum
    return UInt64(sum)
  }
  fileprivate static let close: TIFFLibrary.Close = { _ in 0 }
  fileprivate static let size: TIFFLibrary.Size = { UInt64(source($0).bytes.count) }
  fileprivate static let map: TIFFLibrary.Map = { _, _, _ in 0 }
  fileprivate static let unmap: TIFFLibrary.Unmap = { _, _, _ in }
}
