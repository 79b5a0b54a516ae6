extension Codec {
  static let bmp = Codec(
    format: .bmp, name: "BMP", endings: ["bmp", "dib"], library: nil,
    announces: { $0.has("BM", at: 0) },
    // Rows are stored from the bottom unless the height is negative.
    orientation: { bytes in
      (try? BMPHeader(bytes))?.isTopDown == true ? .upright : .flipped
    },
    open: { (bytes, request) throws(CodecFailure) in try BMPDecoder(bytes) })
}

/// What stands before a bitmap's pixels.
private struct BMPHeader {
  enum Compression: Int { case none = 0, runs8, runs4, masks, jpeg, png, masksWithAlpha }

  let width, height: Int
  let isTopDown: Bool
  let bits: Int
  let compression: Compression
  /// Red, green, blue and alpha bits of a 16-bit or 32-bit pixel; no bits: none.
  let masks: [UInt32]
  /// Red, green, blue of each number, `[colours, 3]`.
  let palette: [UInt8]
  /// Where the pixels start.
  let start: Int

  init(_ bytes: UnsafeRawBufferPointer) throws(CodecFailure) {
    func number(_ at: Int, _ count: Int) throws(CodecFailure) -> Int {
      guard at + count <= bytes.count else { throw .cut("the file ends within its header", rows: 0) }
      return bytes[at..<at + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    let size = try number(14, 4)
    let isOld = size == 12
    guard isOld || [16, 40, 52, 56, 64, 108, 124].contains(size) else {
      throw .damaged("no header has \(size) bytes")
    }
    width = try isOld ? number(18, 2) : number(18, 4)
    let stored = try isOld ? number(20, 2) : number(22, 4)
    isTopDown = !isOld && stored >= 1 << 31
    height = isTopDown ? 1 << 32 - stored : stored
    let planes = try number(isOld ? 22 : 26, 2)
    bits = try number(isOld ? 24 : 28, 2)
    let kind = size > 16 ? try number(30, 4) : 0
    // OS/2's headers number two other kinds alike.
    guard let compression = Compression(rawValue: kind), !(size == 64 && kind > 2) else {
      throw .unsupported("its compression is number \(kind)")
    }
    guard compression != .jpeg, compression != .png else {
      throw .unsupported("it is a wrapping of JPEG or PNG data")
    }
    let fits =
      switch compression {
      case .none: [1, 2, 4, 8, 16, 24, 32].contains(bits)
      case .runs8: bits == 8
      case .runs4: bits == 4
      default: bits == 16 || bits == 32
      }
    guard fits else { throw .damaged("\(bits) bits a pixel do not go with compression \(kind)") }
    guard planes == 1 else { throw .damaged("it has \(planes) planes") }
    guard !isTopDown || compression == .none || compression == .masks || compression == .masksWithAlpha else {
      throw .damaged("run lengths go from the bottom up")
    }
    self.compression = compression

    var end = 14 + size
    var masks: [UInt32] = bits == 16 ? [0x7C00, 0x3E0, 0x1F, 0] : [0xFF_0000, 0xFF00, 0xFF, 0]
    if compression == .masks || compression == .masksWithAlpha {
      // In the header since its second version, after it before.
      let count = size >= 56 || compression == .masksWithAlpha ? 4 : 3
      for channel in 0..<count { masks[channel] = UInt32(try number(54 + 4 * channel, 4)) }
      if size == 40 { end += 4 * count }
    }
    guard
      masks.allSatisfy({
        $0 == 0 || $0 >> $0.trailingZeroBitCount & ($0 >> $0.trailingZeroBitCount &+ 1) == 0
      })
    else { throw .damaged("the bits of a colour are not together") }
    self.masks = masks

    start = try number(10, 4)
    var palette: [UInt8] = []
    if bits <= 8 {
      let stated = size > 36 ? try number(46, 4) : 0
      guard stated <= 1 << bits else { throw .damaged("a palette of \(stated) colours for \(bits) bits") }
      let step = isOld ? 3 : 4
      let room = max(0, (start - end) / step)
      // Old programs leave out what they do not use.
      let count = stated > 0 ? stated : min(1 << bits, room)
      for index in 0..<count {
        let color = try number(end + step * index, 3)
        palette += [UInt8(color >> 16), UInt8(color >> 8 & 255), UInt8(color & 255)]
      }
      end += step * count
    }
    self.palette = palette
    guard start >= end else { throw .damaged("its pixels start within its header") }
    guard width >= 1, width < 1 << 31, height >= 1 else { throw .damaged("it is of no size") }
  }
}

/// A bitmap's rows in the order in which they are stored.
private final class BMPDecoder: RowDecoder {
  let header: PictureHeader
  private let bytes: UnsafeRawBufferPointer
  private let bmp: BMPHeader
  private let channels: [Channel]
  /// Bytes of a stored row, a multiple of four.
  private let stride: Int
  private var row = 0
  private var runs: BMPRuns?

  /// One colour's bits of a pixel.
  private struct Channel {
    let mask: UInt32
    let shift, greatest: UInt32
    init(_ mask: UInt32) {
      self.mask = mask
      shift = mask == 0 ? 0 : UInt32(mask.trailingZeroBitCount)
      greatest = max(1, mask >> shift)
    }
    /// Of 8 bits, cut off as Pillow does.
    func value(in pixel: UInt32) -> UInt8 {
      UInt8(UInt64((pixel & mask) >> shift) * 255 / UInt64(greatest))
    }
  }

  init(_ bytes: UnsafeRawBufferPointer) throws(CodecFailure) {
    self.bytes = bytes
    bmp = try BMPHeader(bytes)
    channels = bmp.masks.map(Channel.init)
    stride = (bmp.width * bmp.bits + 31) / 32 * 4
    let hasRuns = bmp.compression == .runs8 || bmp.compression == .runs4
    if hasRuns { runs = BMPRuns(at: bmp.start, isNarrow: bmp.compression == .runs4) }
    let isBounded = !hasRuns && ImageLimits.allow(width: bmp.width, height: bmp.height)
    header = PictureHeader(
      width: bmp.width, height: bmp.height, layout: bmp.masks[3] != 0 ? .rgba : .rgb,
      minimumBytes: isBounded ? bmp.start + stride * (bmp.height - 1) : 0)
  }

  func read(rows: UnsafeMutablePointer<UInt8>, count: Int) throws(CodecFailure) {
    let step = header.layout.bytesPerPixel
    var numbers = [UInt8](repeating: 0, count: bmp.bits <= 8 ? bmp.width : 0)
    for y in 0..<count {
      let target = rows + y * bmp.width * step
      do throws(CodecFailure) {
        if bmp.bits > 8 {
          try readColors(to: target)
        } else {
          if runs != nil {
            try runs?.readRow(of: bytes, into: &numbers)
          } else {
            try readNumbers(into: &numbers)
          }
          try lookUp(numbers, to: target)
        }
      } catch {
        if case .cut(let reason, _) = error { throw .cut(reason, rows: y) }
        throw error
      }
      row += 1
    }
  }

  /// The next row's bytes, without what fills it up.
  private func storedRow() throws(CodecFailure) -> Slice<UnsafeRawBufferPointer> {
    let first = bmp.start + row * stride
    let length = (bmp.width * bmp.bits + 7) / 8
    guard first + length <= bytes.count else { throw .cut("the file ends too early", rows: 0) }
    return bytes[first..<first + length]
  }

  private func readNumbers(into numbers: inout [UInt8]) throws(CodecFailure) {
    let stored = try storedRow()
    let perByte = 8 / bmp.bits
    let mask = UInt8(truncatingIfNeeded: 1 << bmp.bits - 1)
    for x in 0..<bmp.width {
      let shift = 8 - bmp.bits * (x % perByte + 1)
      numbers[x] = stored[stored.startIndex + x / perByte] >> UInt8(shift) & mask
    }
  }

  private func lookUp(_ numbers: [UInt8], to target: UnsafeMutablePointer<UInt8>) throws(CodecFailure) {
    for (x, number) in numbers.enumerated() {
      let color = 3 * Int(number)
      guard color < bmp.palette.count else {
        throw .damaged("colour \(number) of a palette of \(bmp.palette.count / 3)")
      }
      for channel in 0..<3 { target[3 * x + channel] = bmp.palette[color + channel] }
    }
  }

  private func readColors(to target: UnsafeMutablePointer<UInt8>) throws(CodecFailure) {
    let stored = try storedRow()
    let (size, step) = (bmp.bits / 8, header.layout.bytesPerPixel)
    for x in 0..<bmp.width {
      var pixel: UInt32 = 0
      for byte in 0..<size {
        pixel |= UInt32(stored[stored.startIndex + x * size + byte]) << UInt32(8 * byte)
      }
      for channel in 0..<step { target[x * step + channel] = channels[channel].value(in: pixel) }
    }
  }

  func finish() throws(CodecFailure) -> String? { nil }
}

/// Run lengths: pairs of a count and a number, and after a count of 0 an escape.
private struct BMPRuns {
  private var at: Int
  private let isNarrow: Bool
  /// Rows that an escape still passes over, and the column after them.
  private var skipped = 0
  private var column = 0
  private var isOver = false

  init(at start: Int, isNarrow: Bool) { (at, self.isNarrow) = (start, isNarrow) }

  /// Decodes a row; pixels that are passed over are of number 0.
  mutating func readRow(of bytes: UnsafeRawBufferPointer, into numbers: inout [UInt8]) throws(CodecFailure) {
    for x in numbers.indices { numbers[x] = 0 }
    if isOver { return }
    if skipped > 0 {
      skipped -= 1
      if skipped > 0 { return }
    }
    while true {
      let (count, value) = (try byte(of: bytes), try byte(of: bytes))
      if count > 0 {
        for i in 0..<Int(count) { put(isNarrow ? (i % 2 == 0 ? value >> 4 : value & 15) : value, &numbers) }
        continue
      }
      switch value {
      case 0:
        column = 0
        return
      case 1:
        isOver = true
        return
      case 2:
        column += Int(try byte(of: bytes))
        skipped = Int(try byte(of: bytes))
        if skipped > 0 { return }
      default:
        let length = isNarrow ? (Int(value) + 1) / 2 : Int(value)
        for i in 0..<length {
          let pair = try byte(of: bytes)
          if !isNarrow {
            put(pair, &numbers)
          } else {
            put(pair >> 4, &numbers)
            if 2 * i + 1 < Int(value) { put(pair & 15, &numbers) }
          }
        }
        // Filled up to 16 bits.
        if length % 2 == 1 { _ = try byte(of: bytes) }
      }
    }
  }

  /// What runs past the end of its row is dropped, as other readers do.
  private mutating func put(_ number: UInt8, _ numbers: inout [UInt8]) {
    if column < numbers.count { numbers[column] = number }
    column += 1
  }

  private mutating func byte(of bytes: UnsafeRawBufferPointer) throws(CodecFailure) -> UInt8 {
    guard at < bytes.count else { throw .cut("the file ends too early", rows: 0) }
    at += 1
    return bytes[at - 1]
  }
}
