extension RGBImage {
  /// Decodes a JPEG or PNG file to upright 8-bit RGB.
  ///
  /// - EXIF orientation is honoured: JPEG's APP1 segment, PNG's eXIf chunk.
  /// - Grey is repeated; palettes are looked up; alpha and transparent colours are discarded, not blended;
  ///   16 bits become 8 by keeping the high byte; CMYK is taken as Adobe stores it (inverted) and
  ///   multiplied with black. All as Pillow's `convert("RGB")`, but for 16-bit grey, which Pillow clips at
  ///   255.
  /// - Colour profiles and gamma are ignored, as the model's reference ignores them.
  /// - Damaged or missing data is an error, also where only the last rows are missing.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what errors call the picture.
  /// - Throws: ``ImageError`` where it is no such picture, damaged, or larger than ``ImageLimits`` allow.
  public init(decoding bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) {
    guard !bytes.isEmpty else { throw .empty(name: name) }
    guard bytes.count <= ImageLimits.fileBytes else {
      throw .fileTooLarge(name: name, bytes: bytes.count)
    }
    guard let format = ImageFormat(firstBytes: bytes.prefix(8)) else {
      throw .unsupportedFormat(name: name, format: ImageFormat.guess(firstBytes: Array(bytes.prefix(16))))
    }
    let orientation = EXIFOrientation(of: bytes, format: format)
    let reader = try CodecReader.open(bytes, format: format, labels: false, name: name)
    let (width, height) = (reader.width, reader.height)
    // [height, width, 3], or [width, height, 3] where the turn exchanges them
    let pixels = try reader.makeArray(count: width * height * 3) {
      (target: UnsafeMutablePointer<UInt8>) throws(ImageError) in
      if orientation == .upright {
        try reader.read(rows: target, count: height)
      } else {
        try reader.readTurned(by: orientation, into: target)
      }
    }
    try reader.finish()
    self =
      orientation.exchangesSides
      ? RGBImage(width: height, height: width, checked: pixels)
      : RGBImage(width: width, height: height, checked: pixels)
  }

  /// Decodes JPEG or PNG bytes; see ``init(decoding:name:)-(UnsafeRawBufferPointer,_)``.
  ///
  /// - Throws: ``ImageError``.
  public init(decoding bytes: [UInt8], name: String) throws(ImageError) {
    self = try bytes.withUnsafeBufferPointer { (buffer) throws(ImageError) in
      try RGBImage(decoding: UnsafeRawBufferPointer(buffer), name: name)
    }
  }

  /// Reads and decodes a JPEG or PNG file; see ``init(decoding:name:)-(UnsafeRawBufferPointer,_)``. A file
  /// whose first bytes are neither is not read further. Pipes and devices work too (`/dev/stdin`).
  ///
  /// - Throws: ``ImageError``; where the file cannot be opened or read, ``ImageError/unreadable(name:reason:)``.
  public init(contentsOf path: String) throws(ImageError) {
    try self.init(decoding: EncodedFile.read(path), name: path)
  }
}

extension CodecReader {
  /// Decodes all rows and puts every pixel where the upright picture has it.
  fileprivate borrowing func readTurned(
    by orientation: EXIFOrientation, into target: UnsafeMutablePointer<UInt8>
  ) throws(ImageError) {
    // Bands, so that a turned picture needs no second copy; interlaced ones come only whole.
    let most = interlaced ? height : min(height, 16)
    _ = try makeArray(count: most * width * 3) {
      (band: UnsafeMutablePointer<UInt8>) throws(ImageError) in
      var y = 0
      while y < height {
        let rows = min(most, height - y)
        try read(rows: band, count: rows)
        place(band, rows: y..<y + rows, by: orientation, into: target)
        y += rows
      }
    }
  }

  private borrowing func place(
    _ band: UnsafeMutablePointer<UInt8>, rows: Range<Int>, by orientation: EXIFOrientation,
    into target: UnsafeMutablePointer<UInt8>
  ) {
    let (first, right, down) = orientation.placement(width: width, height: height)
    // The inner loop runs along the upright picture's rows.
    let columns = 0..<width
    let inner = orientation.exchangesSides ? rows : columns
    let outer = orientation.exchangesSides ? columns : rows
    for o in outer {
      for i in inner {
        let (x, y) = orientation.exchangesSides ? (o, i) : (i, o)
        let from = band + ((y - rows.lowerBound) * width + x) * 3
        let to = target + (first + x * right + y * down) * 3
        (to[0], to[1], to[2]) = (from[0], from[1], from[2])
      }
    }
  }
}
