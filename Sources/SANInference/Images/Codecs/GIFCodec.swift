extension Codec {
  static let gif = Codec(
    format: .gif, name: "GIF", endings: ["gif"], library: nil,
    announces: { $0.has("GIF87a", at: 0) || $0.has("GIF89a", at: 0) },
    orientation: { _ in .upright },
    open: { (bytes, request) throws(CodecFailure) in try GIFDecoder(bytes) })
}

/// The first picture of a GIF file, on the file's canvas.
private final class GIFDecoder: RowDecoder {
  let header: PictureHeader
  private var reader: GIFBytes
  /// Where the picture lies on the canvas.
  private let (left, top, pictureWidth, pictureHeight): (Int, Int, Int, Int)
  private let isInterlaced: Bool
  /// Red, green, blue of each number, `[colours, 3]`.
  private let palette: [UInt8]
  private let transparent: Int?

  init(_ bytes: UnsafeRawBufferPointer) throws(CodecFailure) {
    var reader = GIFBytes(bytes: bytes, at: 6)
    let (width, height) = (try reader.number(), try reader.number())
    let flags = try reader.byte()
    reader.at += 2  // The number of the background, and the shape of pixels.
    var palette = flags & 0x80 != 0 ? try reader.palette(flags) : []
    var transparent: Int?
    // Extensions come before the first picture; the one that tells of transparency is of it.
    while true {
      let kind = try reader.byte()
      if kind == 0x2C { break }
      guard kind == 0x21 else {
        throw .damaged(kind == 0x3B ? "it has no picture" : "there is no block of kind \(kind)")
      }
      let label = try reader.byte()
      let size = try reader.byte()
      if label == 0xF9, size == 4 {
        let (flags, color) = (try reader.peek(0), try reader.peek(3))
        transparent = flags & 1 != 0 ? Int(color) : nil
      }
      try reader.skipBlocks(firstSize: size)
    }
    (left, top) = (try reader.number(), try reader.number())
    (pictureWidth, pictureHeight) = (try reader.number(), try reader.number())
    let pictureFlags = try reader.byte()
    if pictureFlags & 0x80 != 0 { palette = try reader.palette(pictureFlags) }
    // Without a palette the numbers are grey values.
    if palette.isEmpty { palette = (0..<768).map { UInt8($0 / 3) } }
    (self.palette, self.transparent) = (palette, transparent)
    isInterlaced = pictureFlags & 0x40 != 0
    guard pictureWidth >= 1, pictureHeight >= 1 else { throw .damaged("its first picture is of no size") }
    // Some writers leave the canvas out, or have it too small.
    let canvas = (width: max(width, left + pictureWidth), height: max(height, top + pictureHeight))
    // Every code stands for at most 4,096 pixels, and those that stand for many have 12 bits.
    header = PictureHeader(
      width: canvas.width, height: canvas.height, layout: transparent == nil ? .rgb : .rgba, isWhole: true,
      minimumBytes: pictureWidth * pictureHeight / 2731)
    self.reader = reader
  }

  func read(rows: UnsafeMutablePointer<UInt8>, count: Int) throws(CodecFailure) {
    let step = header.layout.bytesPerPixel
    // Where the canvas is not covered it is transparent, or has its first colour.
    for pixel in 0..<header.width * count { color(transparent ?? 0, to: rows + pixel * step) }
    var codes = try GIFCodes(&reader)
    let order = isInterlaced ? GIFDecoder.interlaced(pictureHeight) : Array(0..<pictureHeight)
    for (done, y) in order.enumerated() {
      var x = 0
      let target = rows + ((top + y) * header.width + left) * step
      while x < pictureWidth {
        let number: Int
        do throws(CodecFailure) {
          number = Int(try codes.next(&reader))
        } catch {
          guard case .cut(let reason, _) = error else { throw error }
          // Of an interlaced picture the rows above are whole only in its last pass.
          let whole = isInterlaced ? (y % 2 == 1 ? y : 0) : done
          throw .cut(reason, rows: whole > 0 ? top + whole : 0)
        }
        guard 3 * number < palette.count || number == transparent else {
          throw .damaged("colour \(number) of a palette of \(palette.count / 3)")
        }
        color(number, to: target + x * step)
        x += 1
      }
    }
  }

  private func color(_ number: Int, to pixel: UnsafeMutablePointer<UInt8>) {
    for channel in 0..<3 { pixel[channel] = 3 * number < palette.count ? palette[3 * number + channel] : 0 }
    if header.layout == .rgba { pixel[3] = number == transparent ? 0 : 255 }
  }

  /// The rows in the order of their four passes.
  private static func interlaced(_ height: Int) -> [Int] {
    [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { stride(from: $0.0, to: height, by: $0.1) }
  }

  /// What comes after the first picture does not matter: more pictures, if anything.
  func finish() throws(CodecFailure) -> String? { nil }
}

/// A GIF file from some byte on.
private struct GIFBytes {
  let bytes: UnsafeRawBufferPointer
  var at: Int

  mutating func byte() throws(CodecFailure) -> UInt8 {
    let value = try peek(0)
    at += 1
    return value
  }

  func peek(_ offset: Int) throws(CodecFailure) -> UInt8 {
    guard at + offset < bytes.count else { throw .cut("the file ends too early", rows: 0) }
    return bytes[at + offset]
  }

  mutating func number() throws(CodecFailure) -> Int {
    let low = try byte()
    return Int(low) | Int(try byte()) << 8
  }

  mutating func palette(_ flags: UInt8) throws(CodecFailure) -> [UInt8] {
    let count = 3 << (Int(flags & 7) + 1)
    guard at + count <= bytes.count else { throw .cut("the file ends within its palette", rows: 0) }
    defer { at += count }
    return Array(bytes[at..<at + count])
  }

  /// Passes over blocks, each with its size in front, up to the empty one.
  mutating func skipBlocks(firstSize: UInt8) throws(CodecFailure) {
    var size = firstSize
    while size > 0 {
      at += Int(size)
      size = try byte()
    }
  }
}

/// The numbers of a picture's pixels from their compressed form: LZW codes of growing width, packed into blocks.
private struct GIFCodes {
  private let first: Int  // The code that empties the table; the one after it ends the picture.
  private var width: Int
  private var bits: UInt32 = 0
  private var bitCount = 0
  private var left = 0  // Bytes of the current block.
  /// Each code stands for the string of another, and one number more.
  private var prefix = [UInt16](repeating: 0, count: 4096)
  private var last = [UInt8](repeating: 0, count: 4096)
  private var count: Int
  private var previous: Int?
  /// The numbers of the current code, the next one at the end.
  private var pending: [UInt8] = []
  private var previousFirst: UInt8 = 0

  init(_ reader: inout GIFBytes) throws(CodecFailure) {
    let start = Int(try reader.byte())
    guard (1...8).contains(start) else { throw .damaged("codes that start at \(start) bits") }
    first = 1 << start
    width = start + 1
    count = first + 2
    for value in 0..<first { last[value] = UInt8(truncatingIfNeeded: value) }
  }

  mutating func next(_ reader: inout GIFBytes) throws(CodecFailure) -> UInt8 {
    while true {
      if let number = pending.popLast() { return number }
      try readCode(&reader)
    }
  }

  private mutating func readCode(_ reader: inout GIFBytes) throws(CodecFailure) {
    while bitCount < width {
      if left == 0 {
        left = Int(try reader.byte())
        guard left > 0 else { throw .damaged("its first picture has too few pixels") }
      }
      bits |= UInt32(try reader.byte()) << UInt32(bitCount)
      bitCount += 8
      left -= 1
    }
    let code = Int(bits & (1 << UInt32(width) - 1))
    bits >>= UInt32(width)
    bitCount -= width
    if code == first {
      (width, count, previous) = (first.trailingZeroBitCount + 1, first + 2, nil)
      return
    }
    guard code != first + 1 else { throw .damaged("its first picture has too few pixels") }
    guard code < count || (code == count && previous != nil && count < 4096) else {
      throw .damaged("a code that stands for nothing")
    }
    // A code that is only now defined stands for the previous string and its own first number again.
    if code == count { pending.append(previousFirst) }
    var at = code == count ? previous ?? 0 : code
    while at >= first {
      pending.append(last[at])
      at = Int(prefix[at])
    }
    pending.append(last[at])
    previousFirst = last[at]
    if let previous, count < 4096 {
      (prefix[count], last[count]) = (UInt16(previous), previousFirst)
      count += 1
      if count == 1 << width, width < 12 { width += 1 }
    }
    previous = code
  }
}
