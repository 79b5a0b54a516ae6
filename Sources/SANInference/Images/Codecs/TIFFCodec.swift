import CImageCodecs

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Codec {
  static let tiff = Codec(
    format: .tiff, name: "TIFF", endings: ["tif", "tiff"], library: .tiff,
    announces: { head in ["II*\0", "MM\0*", "II+\0", "MM\0+"].contains { head.has($0, at: 0) } },
    orientation: { EXIFOrientation.inTIFF($0) },
    open: { (bytes, request) throws(CodecFailure) in
      if TIFFDirectory.isRaw(bytes) { throw .unsupported("it is a camera's raw file") }
      return try TIFFDecoder(bytes)
    })
}

extension TIFFDirectory {
  /// Whether it is a camera's raw file, many of which are TIFF: their first page is a thumbnail, or sensor data.
  fileprivate static func isRaw(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if bytes.has("CR", at: 8) { return true }  // Canon's CR2
    guard let directory = TIFFDirectory(bytes) else { return false }
    // DNG's version; a thumbnail with the photo below it; sensor data.
    return directory.number(of: 0xC612) != nil
      || (directory.number(of: 0x00FE) == 1 && directory.number(of: 0x014A) != nil)
      || [32_803, 34_892].contains(directory.number(of: 0x0106))
  }
}

/// The first page of a TIFF file.
private final class TIFFDecoder: RowDecoder {
  let header: PictureHeader
  private let library: TIFFLibrary
  private let source: TIFFSource
  private let errors: UnsafeMutablePointer<codec_tiff_errors>
  private let tiff: TIFFLibrary.Handle
  private let page: TIFFPage
  private var row = 0
  /// Stored rows: `[planes, rows, bytes of a row]`; and a tile. Not touched before they are decoded into, so that a page
  /// costs what it holds, not what it claims.
  private let band, tile: UnsafeMutableRawPointer
  private var bandRows = 0..<0

  init(_ bytes: UnsafeRawBufferPointer) throws(CodecFailure) {
    guard let library = TIFFLibrary.shared else { throw .noLibrary(.tiff) }
    let (source, errors) = (TIFFSource(bytes), UnsafeMutablePointer<codec_tiff_errors>.allocate(capacity: 1))
    errors.initialize(to: codec_tiff_errors())
    var opened: TIFFLibrary.Handle?
    do throws(CodecFailure) {
      opened = try library.open(source, errors: errors)
      guard let opened else { throw Self.failure(source, errors, rows: 0) }
      page = try TIFFPage(opened, library)
    } catch {
      if let opened { library.close(opened) }
      errors.deallocate()
      throw error
    }
    guard let opened else { preconditionFailure("checked above") }
    guard let band = malloc(page.planes * page.rowsPerBand * page.rowBytes + 1),
      let tile = malloc((page.tile?.bytes ?? 0) + 1)
    else {
      library.close(opened)
      errors.deallocate()
      throw .noMemory
    }
    (self.band, self.tile) = (band, tile)
    (self.library, self.source, self.errors, tiff) = (library, source, errors, opened)
    header = PictureHeader(
      width: page.width, height: page.height, layout: page.alpha == .none ? .rgb : .rgba,
      minimumBytes: page.minimumBytes)
  }

  deinit {
    library.close(tiff)
    errors.deallocate()
    free(band)
    free(tile)
  }

  func read(rows: UnsafeMutablePointer<UInt8>, count: Int) throws(CodecFailure) {
    for y in 0..<count {
      if row >= bandRows.upperBound {
        guard readBand() else { throw Self.failure(source, errors, rows: y) }
      }
      let band = UnsafeRawBufferPointer(
        start: band, count: page.planes * bandRows.count * page.rowBytes)
      page.convert(
        band, row: row - bandRows.lowerBound, of: bandRows.count,
        to: rows + y * page.width * header.layout.bytesPerPixel)
      row += 1
    }
  }

  func finish() throws(CodecFailure) -> String? { nil }

  private func readBand() -> Bool {
    bandRows = row..<min(row + page.rowsPerBand, page.height)
    if let tile = page.tile { return readTiles(tile) }
    if page.planes == 1 { return library.scanline(tiff, band, UInt32(row), 0) == 1 }
    let strips = (page.height + page.rowsPerBand - 1) / page.rowsPerBand
    let bytes = bandRows.count * page.rowBytes
    return (0..<page.planes).allSatisfy { plane in
      let strip = UInt32(plane * strips + row / page.rowsPerBand)
      return library.strip(tiff, strip, band + plane * bytes, bytes) == bytes
    }
  }

  private func readTiles(_ size: TIFFPage.Tile) -> Bool {
    for plane in 0..<page.planes {
      for (column, x) in stride(from: 0, to: page.width, by: size.width).enumerated() {
        let got = library.tile(tiff, tile, UInt32(x), UInt32(row), 0, UInt16(plane))
        guard got == size.bytes else { return false }
        for y in 0..<bandRows.count {
          let target = (plane * bandRows.count + y) * page.rowBytes + column * size.rowBytes
          (band + target).copyMemory(from: tile + y * size.rowBytes, byteCount: size.rowBytes)
        }
      }
    }
    return true
  }

  private static func failure(
    _ source: TIFFSource, _ errors: UnsafeMutablePointer<codec_tiff_errors>, rows: Int
  ) -> CodecFailure {
    let text = withUnsafeBytes(of: errors.pointee.message) { text in
      String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }
    if source.hasEnded { return .cut("the file ends too early", rows: rows) }
    return .damaged(text.isEmpty ? "libtiff cannot decode it" : text)
  }
}
