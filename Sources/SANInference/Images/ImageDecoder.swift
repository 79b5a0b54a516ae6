import SANCore

extension RGBImage {
  /// Decodes a picture file to upright 8-bit RGB; ``ImageFormat`` lists what is read.
  ///
  /// - Orientation is honoured: EXIF's in JPEG, PNG, WebP and TIFF, HEIF's and AVIF's own.
  /// - Grey is repeated; palettes are looked up; 16 bits become 8 by keeping the high byte; CMYK in JPEG is taken as Adobe
  ///   stores it (inverted) and multiplied with black. All as Pillow's `convert("RGB")`, but for 16-bit grey, which Pillow
  ///   clips at 255.
  /// - Transparent pixels, by alpha or as a transparent colour, are laid over ``background``: whatever colour such a
  ///   pixel has, nobody has seen it. ``alpha`` keeps how opaque each was.
  /// - Colour profiles and gamma are ignored, as the model's reference ignores them.
  /// - Damaged or missing data is an error, also where only the last rows are missing, unless `cutPictures` takes those.
  ///   What the pixels do not depend on may be unsound, which ``notes`` tell.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what errors call the picture.
  ///   - cutPictures: what becomes of files that end too early.
  /// - Throws: ``ImageError`` where it is no such picture, damaged, or larger than ``ImageLimits`` allow.
  public init(
    decoding bytes: UnsafeRawBufferPointer, name: String, cutPictures: CutPictures = .refused
  ) throws(ImageError) {
    let (reader, orientation) = try CodecReader.opening(bytes, name: name, cutPictures: cutPictures)
    self = try reader.decode(orientation)
  }

  /// Decodes a picture's bytes; see ``init(decoding:name:cutPictures:)-(UnsafeRawBufferPointer,_,_)``.
  ///
  /// - Throws: ``ImageError``.
  public init(
    decoding bytes: [UInt8], name: String, cutPictures: CutPictures = .refused
  ) throws(ImageError) {
    self = try bytes.withUnsafeBufferPointer { (buffer) throws(ImageError) in
      try RGBImage(decoding: UnsafeRawBufferPointer(buffer), name: name, cutPictures: cutPictures)
    }
  }

  /// Reads and decodes a picture file; see ``init(decoding:name:cutPictures:)-(UnsafeRawBufferPointer,_,_)``. A file
  /// whose first bytes are those of no picture is not read further. Pipes and devices work too (`/dev/stdin`).
  ///
  /// - Throws: ``ImageError``; where the file cannot be opened or read, ``ImageError/unreadable(name:reason:)``.
  public init(contentsOf path: String, cutPictures: CutPictures = .refused) throws(ImageError) {
    try self.init(decoding: EncodedFile.read(path), name: path, cutPictures: cutPictures)
  }

  /// The size of an encoded picture, upright, by its header: what to hold against a limit of one's own before memory for the
  /// pixels is taken. The pixels themselves may be damaged.
  ///
  /// - Throws: ``ImageError`` where it is no such picture, its header is damaged, or it is larger than ``ImageLimits`` allow.
  public static func size(ofEncoded bytes: [UInt8], name: String) throws(ImageError) -> Grid {
    try bytes.withUnsafeBufferPointer { (buffer) throws(ImageError) in
      let (reader, orientation) = try CodecReader.opening(UnsafeRawBufferPointer(buffer), name: name)
      let (width, height) = (reader.header.width, reader.header.height)
      return orientation.exchangesSides
        ? Grid(height: width, width: height) : Grid(height: height, width: width)
    }
  }
}

extension CodecReader {
  /// A reader of a picture's colours, and how its rows must be turned.
  fileprivate static func opening(
    _ bytes: UnsafeRawBufferPointer, name: String, cutPictures: CutPictures = .refused
  ) throws(ImageError) -> (reader: CodecReader, orientation: EXIFOrientation) {
    guard !bytes.isEmpty else { throw .empty(name: name) }
    guard bytes.count <= ImageLimits.fileBytes else {
      throw .fileTooLarge(name: name, bytes: bytes.count)
    }
    guard let format = ImageFormat(firstBytes: bytes) else {
      throw .unsupportedFormat(name: name, format: ImageFormat.guess(firstBytes: bytes))
    }
    let reader = try CodecReader(
      bytes, format: format, request: cutPictures == .allowed ? .colorsOfCutFiles : .colors, name: name)
    return (reader, Codec.row(of: format).orientation(bytes))
  }

  /// Decodes all rows, and puts every pixel where the upright picture has it.
  fileprivate func decode(_ orientation: EXIFOrientation) throws(ImageError) -> RGBImage {
    let (width, height) = (header.width, header.height)
    var alpha: [UInt8] = []
    var rowsThere = height
    // [height, width, 3], or [width, height, 3] where the turn exchanges them
    let pixels = try makeArray(count: width * height * 3) {
      (target: UnsafeMutablePointer<UInt8>) throws(ImageError) in
      if header.layout == .rgb {
        rowsThere = try fill(target, alpha: nil, by: orientation)
      } else {
        alpha = try makeArray(count: width * height) {
          (plane: UnsafeMutablePointer<UInt8>) throws(ImageError) in
          rowsThere = try fill(target, alpha: plane, by: orientation)
        }
      }
    }
    var notes: [String] = []
    var missing: MissingPixels?
    if rowsThere < height {
      notes = ["it is cut short: \(rowsThere) of \(height) rows are there"]
      missing = MissingPixels(rows: rowsThere..<height, width: width, height: height, turned: orientation)
    } else if let note = try finish() {
      notes = [note]
    }
    let turns = orientation.exchangesSides
    return RGBImage(
      width: turns ? height : width, height: turns ? width : height, checked: pixels,
      alpha: alpha.allSatisfy { $0 == 255 } ? nil : alpha, missing: missing, notes: notes)
  }

  /// Decodes into the upright picture, and paints what is not there. Returns how many rows were.
  private func fill(
    _ target: UnsafeMutablePointer<UInt8>, alpha: UnsafeMutablePointer<UInt8>?,
    by orientation: EXIFOrientation
  ) throws(ImageError) -> Int {
    let there =
      alpha == nil && orientation == .upright
      ? try read(rows: target, count: header.height)
      : try readBands(by: orientation, into: target, alpha: alpha)
    guard there > 0 else { throw noRows() }
    let (first, right, down) = orientation.placement(width: header.width, height: header.height)
    for y in there..<header.height {
      for x in 0..<header.width {
        let index = first + x * right + y * down
        (target + 3 * index).update(repeating: RGBImage.background, count: 3)
        alpha?[index] = 255
      }
    }
    return there
  }

  /// Decodes bands of rows, so that a turned or transparent picture needs no second copy, and puts each in its place;
  /// pictures that come only whole are one band. Returns how many rows were there.
  private func readBands(
    by orientation: EXIFOrientation, into target: UnsafeMutablePointer<UInt8>,
    alpha: UnsafeMutablePointer<UInt8>?
  ) throws(ImageError) -> Int {
    let (width, height) = (header.width, header.height)
    let most = header.isWhole ? height : min(height, 16)
    var y = 0
    _ = try makeArray(count: most * width * header.layout.bytesPerPixel) {
      (band: UnsafeMutablePointer<UInt8>) throws(ImageError) in
      while y < height {
        let rows = min(most, height - y)
        let there = try read(rows: band, count: rows)
        place(band, rows: y..<y + there, by: orientation, into: target, alpha: alpha)
        y += there
        if there < rows { break }
      }
    }
    return y
  }

  private func place(
    _ band: UnsafeMutablePointer<UInt8>, rows: Range<Int>, by orientation: EXIFOrientation,
    into target: UnsafeMutablePointer<UInt8>, alpha: UnsafeMutablePointer<UInt8>?
  ) {
    let (first, right, down) = orientation.placement(width: header.width, height: header.height)
    let step = header.layout.bytesPerPixel
    // The inner loop runs along the upright picture's rows.
    let columns = 0..<header.width
    let inner = orientation.exchangesSides ? rows : columns
    let outer = orientation.exchangesSides ? columns : rows
    for o in outer {
      for i in inner {
        let (x, y) = orientation.exchangesSides ? (o, i) : (i, o)
        let from = band + ((y - rows.lowerBound) * header.width + x) * step
        let index = first + x * right + y * down
        let to = target + index * 3
        if let alpha {
          let opaque = from[3]
          for channel in 0..<3 { to[channel] = Self.lay(from[channel], opaque) }
          alpha[index] = opaque
        } else {
          (to[0], to[1], to[2]) = (from[0], from[1], from[2])
        }
      }
    }
  }

  /// A colour laid over the background: (c·a + background·(255 − a)) / 255, rounded.
  private static func lay(_ value: UInt8, _ alpha: UInt8) -> UInt8 {
    let sum = UInt32(value) * UInt32(alpha) + UInt32(RGBImage.background) * UInt32(255 - alpha) + 128
    return UInt8(truncatingIfNeeded: (sum + sum >> 8) >> 8)
  }
}

extension MissingPixels {
  /// Stored rows as the upright picture has them.
  fileprivate init(rows: Range<Int>, width: Int, height: Int, turned orientation: EXIFOrientation) {
    let (first, right, down) = orientation.placement(width: width, height: height)
    let uprightWidth = orientation.exchangesSides ? height : width
    let corners = [0, width - 1].flatMap { x in
      [rows.lowerBound, rows.upperBound - 1].map { first + x * right + $0 * down }
    }
    let (ys, xs) = (corners.map { $0 / uprightWidth }, corners.map { $0 % uprightWidth })
    self.rows = (ys.min() ?? 0)..<(ys.max() ?? 0) + 1
    columns = (xs.min() ?? 0)..<(xs.max() ?? 0) + 1
  }
}
