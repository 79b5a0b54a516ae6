/// A map of class labels, one number a pixel.
public struct LabelImage: Sendable, Equatable {
  /// Pixels across, at least 1.
  public let width: Int
  /// Pixels down, at least 1.
  public let height: Int
  /// `[height, width]`, rows from the top.
  public let labels: [UInt16]

  /// Takes labels, `[height, width]`.
  ///
  /// - Throws: ``ImageError/wrongPixelCount(width:height:expected:actual:)`` unless the size is within
  ///   ``ImageLimits`` and there are `width · height` labels.
  public init(width: Int, height: Int, labels: [UInt16]) throws(ImageError) {
    guard ImageLimits.allow(width: width, height: height) else {
      throw .wrongPixelCount(width: width, height: height, expected: nil, actual: labels.count)
    }
    guard labels.count == width * height else {
      throw .wrongPixelCount(width: width, height: height, expected: width * height, actual: labels.count)
    }
    (self.width, self.height, self.labels) = (width, height, labels)
  }

  /// Reads the labels of a PNG file as they are stored: palette indices or grey values of 1 to 16 bits,
  /// neither looked up nor scaled. EXIF orientation is not looked at: label maps are upright.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what errors call the file.
  /// - Throws: ``ImageError``; a PNG of colours and a picture of another format are
  ///   ``ImageError/notLabels(name:found:)``.
  public init(decoding bytes: [UInt8], name: String) throws(ImageError) {
    guard !bytes.isEmpty else { throw .empty(name: name) }
    guard ImageFormat(firstBytes: bytes) == .png else {
      guard let format = ImageFormat(firstBytes: bytes)?.name ?? ImageFormat.guess(firstBytes: bytes) else {
        throw .unsupportedFormat(name: name, format: nil)
      }
      throw .notLabels(name: name, found: format)
    }
    self = try bytes.withUnsafeBufferPointer { (buffer) throws(ImageError) in
      let reader: CodecReader
      do throws(ImageError) {
        reader = try CodecReader(
          UnsafeRawBufferPointer(buffer), format: .png, request: .labels, name: name)
      } catch {
        if case .unsupportedKind = error { throw .notLabels(name: name, found: "a PNG of colours") }
        throw error
      }
      let (width, height) = (reader.header.width, reader.header.height)
      let labels: [UInt16]  // [height, width]
      if reader.header.layout == .labels16 {
        labels = try reader.makeArray(count: width * height) {
          (target: UnsafeMutablePointer<UInt16>) throws(ImageError) in
          let bytes = UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt8.self)
          _ = try reader.read(rows: bytes, count: height)
        }
      } else {
        let narrow = try reader.makeArray(count: width * height) {
          (target: UnsafeMutablePointer<UInt8>) throws(ImageError) in
          _ = try reader.read(rows: target, count: height)
        }
        labels = narrow.map(UInt16.init)
      }
      _ = try reader.finish()
      return try LabelImage(width: width, height: height, labels: labels)
    }
  }

  /// Reads the labels of a PNG file; see ``init(decoding:name:)``.
  ///
  /// - Throws: ``ImageError``; where the file cannot be opened or read, ``ImageError/unreadable(name:reason:)``.
  public init(contentsOf path: String) throws(ImageError) {
    try self.init(decoding: EncodedFile.read(path), name: path)
  }
}
