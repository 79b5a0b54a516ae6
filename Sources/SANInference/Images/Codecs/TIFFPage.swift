import CImageCodecs

/// How a page of a TIFF file stores its pixels, and what colours they are.
struct TIFFPage {
  enum Color: Equatable {
    case grey(isInverted: Bool)
    /// Red, green and blue of each number, `[colours, 3]`.
    case palette([UInt8])
    case rgb, cmyk

    var isPalette: Bool { if case .palette = self { true } else { false } }

    /// Samples of a pixel without alpha.
    var samples: Int {
      switch self {
      case .grey, .palette: 1
      case .rgb: 3
      case .cmyk: 4
      }
    }
  }

  enum Alpha { case none, separate, multiplied }

  struct Tile {
    let width, height: Int
    /// Of the whole tile, and of a row of it, in one plane.
    let bytes, rowBytes: Int
  }

  let width, height: Int
  let color: Color
  let alpha: Alpha
  /// Bits of a sample: 1, 2, 4, 8 or 16.
  let bits: Int
  /// Samples of a pixel in a plane, and planes: one of the two is 1.
  let samples, planes: Int
  let tile: Tile?
  /// Rows that are decoded together.
  let rowsPerBand: Int
  /// Bytes of a stored row in a plane.
  let rowBytes: Int
  let minimumBytes: Int

  // TIFF's numbers of what is looked up here.
  private enum Tag {
    static let (width, height, bits, compression, photometric): (UInt32, UInt32, UInt32, UInt32, UInt32) =
      (256, 257, 258, 259, 262)
    static let (samples, rowsPerStrip, planes, colorMap): (UInt32, UInt32, UInt32, UInt32) = (
      277, 278, 284, 320
    )
    static let (tileWidth, tileHeight, inkSet, extra): (UInt32, UInt32, UInt32, UInt32) = (322, 323, 332, 338)
    static let (sampleFormat, jpegColors): (UInt32, UInt32) = (339, 65_538)
  }

  init(_ tiff: TIFFLibrary.Handle, _ library: TIFFLibrary) throws(CodecFailure) {
    func number(_ tag: UInt32) throws(CodecFailure) -> Int {
      var value: UInt16 = 0
      guard codec_tiff_get_16(library.getDefaulted, tiff, tag, &value) else {
        throw .damaged("it does not state field \(tag), or not one value of it")
      }
      return Int(value)
    }
    func large(_ tag: UInt32) throws(CodecFailure) -> Int {
      var value: UInt32 = 0
      guard codec_tiff_get_32(library.getDefaulted, tiff, tag, &value) else {
        throw .damaged("it does not state field \(tag)")
      }
      return Int(value)
    }
    (width, height) = (try large(Tag.width), try large(Tag.height))
    bits = try number(Tag.bits)
    let count = try number(Tag.samples)
    let compression = try number(Tag.compression)
    guard compression != 6, library.isCodecThere(UInt16(compression)) != 0 else {
      throw .unsupported("its compression is number \(compression)")
    }
    let format = try number(Tag.sampleFormat)
    guard format == 1 || format == 4 else {
      throw .unsupported(format == 3 ? "its values are floating-point" : "its values are of format \(format)")
    }
    let photometric = try number(Tag.photometric)
    color = try Self.color(photometric, compression: compression, bits: bits, tiff, library)
    let fits =
      switch color {
      case .grey: [1, 2, 4, 8, 16].contains(bits)
      case .palette: [1, 2, 4, 8].contains(bits)
      case .rgb, .cmyk: bits == 8 || bits == 16
      }
    guard fits else { throw .unsupported("its values have \(bits) bits") }
    guard count >= color.samples, count <= 16 else { throw .unsupported("its pixels have \(count) values") }

    var (extraCount, extra): (UInt16, UnsafeMutablePointer<UInt16>?) = (0, nil)
    let isStated = codec_tiff_get_list(library.get, tiff, Tag.extra, &extraCount, &extra)
    if count == color.samples || color.isPalette {
      alpha = .none
    } else if isStated, extraCount > 0, let extra {
      alpha = extra[0] == 1 ? .multiplied : extra[0] == 2 ? .separate : .none
    } else {
      // RGBA of writers that do not say so.
      alpha = color == .rgb && count == 4 ? .separate : .none
    }
    let isPlanar = try number(Tag.planes) == 2 && count > 1
    (samples, planes) = isPlanar ? (1, count) : (count, 1)

    // The sizes come before anything is multiplied with them.
    guard ImageLimits.allow(width: width, height: height) else {
      (tile, rowsPerBand, rowBytes, minimumBytes) = (nil, 1, 0, 0)
      return
    }
    let plainRow = (width * samples * bits + 7) / 8
    if library.isTiled(tiff) != 0 {
      let (tileWidth, tileHeight) = (try large(Tag.tileWidth), try large(Tag.tileHeight))
      guard ImageLimits.allow(width: tileWidth, height: tileHeight) else {
        throw .damaged("its tiles are of \(tileWidth)×\(tileHeight) pixels")
      }
      let rowBytes = (tileWidth * samples * bits + 7) / 8
      guard library.tileRowSize(tiff) == rowBytes, library.tileSize(tiff) == rowBytes * tileHeight else {
        throw .unsupported("its tiles are packed in another way")
      }
      tile = Tile(width: tileWidth, height: tileHeight, bytes: rowBytes * tileHeight, rowBytes: rowBytes)
      rowsPerBand = tileHeight
      self.rowBytes = (width + tileWidth - 1) / tileWidth * rowBytes
    } else {
      guard library.scanlineSize(tiff) == plainRow else {
        throw .unsupported("its rows are packed in another way")
      }
      tile = nil
      // A plane's strips hold many rows, and each is decoded once.
      rowsPerBand = isPlanar ? min(height, max(1, try large(Tag.rowsPerStrip))) : 1
      rowBytes = plainRow
    }
    // The most that each way of compressing packs into one byte.
    let packing = [1: 1, 32_773: 64, 5: 2731, 8: 1032, 32_946: 1032]
    minimumBytes = plainRow * planes * height / (packing[compression] ?? .max)
  }

  private static func color(
    _ photometric: Int, compression: Int, bits: Int, _ tiff: TIFFLibrary.Handle, _ library: TIFFLibrary
  ) throws(CodecFailure) -> Color {
    switch photometric {
    case 0, 1: return .grey(isInverted: photometric == 0)
    case 2: return .rgb
    case 3:
      guard bits <= 8 else { throw .unsupported("its palette has \(bits) bits") }
      var columns:
        (UnsafeMutablePointer<UInt16>?, UnsafeMutablePointer<UInt16>?, UnsafeMutablePointer<UInt16>?)
      let found = withUnsafeMutablePointer(to: &columns) {
        $0.withMemoryRebound(to: UnsafeMutablePointer<UInt16>?.self, capacity: 3) {
          codec_tiff_get_colors(library.get, tiff, Tag.colorMap, $0)
        }
      }
      guard found, let red = columns.0, let green = columns.1, let blue = columns.2 else {
        throw .damaged("it has no palette")
      }
      let values = (0..<1 << bits).flatMap { [red[$0], green[$0], blue[$0]] }
      // Some writers' palettes are of 8 bits.
      let shift = values.allSatisfy { $0 < 256 } ? 0 : 8
      return .palette(values.map { UInt8($0 >> shift) })
    case 5:
      var inkSet: UInt16 = 1
      guard codec_tiff_get_16(library.getDefaulted, tiff, Tag.inkSet, &inkSet), inkSet == 1 else {
        throw .unsupported("its inks are not cyan, magenta, yellow and black")
      }
      return .cmyk
    case 6 where compression == 7:
      // libtiff's JPEG decoder makes RGB of it.
      guard codec_tiff_set(library.set, tiff, Tag.jpegColors, 1) else {
        throw .damaged("its JPEG has no colours")
      }
      return .rgb
    default: throw .unsupported("its colours are of kind \(photometric)")
    }
  }

  /// Makes RGB, or RGBA, of a row of a band `[planes, rows, bytes of a row]`.
  func convert(
    _ band: UnsafeRawBufferPointer, row: Int, of rows: Int, to target: UnsafeMutablePointer<UInt8>
  ) {
    let used = color.samples + (alpha == .none ? 0 : 1)
    let step = alpha == .none ? 3 : 4
    if bits == 8, planes == 1, samples == 3, color == .rgb, let start = band.baseAddress {
      UnsafeMutableRawPointer(target).copyMemory(from: start + row * rowBytes, byteCount: 3 * width)
      return
    }
    /// The high byte of a sample, or all of a narrow one.
    func sample(_ x: Int, _ index: Int) -> Int {
      let line = ((planes > 1 ? index * rows : 0) + row) * rowBytes
      let at = planes > 1 ? x : x * samples + index
      switch bits {
      case 8: return Int(band[line + at])
      case 16: return Int(band.loadUnaligned(fromByteOffset: line + 2 * at, as: UInt16.self) >> 8)
      default:
        let bit = at * bits
        return Int(band[line + bit / 8]) >> (8 - bits - bit % 8) & (1 << bits - 1)
      }
    }
    let greatest = bits >= 8 ? 255 : 1 << bits - 1
    for x in 0..<width {
      let pixel = target + x * step
      switch color {
      case .grey(let isInverted):
        let value = sample(x, 0) * 255 / greatest
        for channel in 0..<3 { pixel[channel] = UInt8(isInverted ? 255 - value : value) }
      case .palette(let colors):
        let number = sample(x, 0)
        for channel in 0..<3 { pixel[channel] = colors[3 * number + channel] }
      case .rgb:
        for channel in 0..<3 { pixel[channel] = UInt8(sample(x, channel)) }
      case .cmyk:
        let white = 255 - sample(x, 3)
        for channel in 0..<3 {
          let product = sample(x, channel) * white + 128  // (a·b)/255, rounded
          pixel[channel] = UInt8(max(0, white - ((product + product >> 8) >> 8)))
        }
      }
      if step == 4 {
        pixel[3] = UInt8(sample(x, used - 1) * 255 / greatest)
        if alpha == .multiplied { takeAlphaOut(of: pixel) }
      }
    }
  }
}
