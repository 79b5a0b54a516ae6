import CImageCodecs

/// Encodes pictures as PNG. The bytes depend on nothing but the picture (and the zlib in use): no times, no
/// names of programs.
///
/// Each form throws ``ImageError/wrongPixelCount(width:height:expected:actual:)`` where the samples are not as many as the
/// size in pixels needs, or ``ImageLimits`` do not allow the size, and ``ImageError/outOfMemory(name:width:height:)``.
public enum PNGWriter {
  /// An 8-bit RGB picture.
  ///
  /// - Throws: ``ImageError``.
  public static func encode(_ image: RGBImage) throws(ImageError) -> [UInt8] {
    try encode(image.pixels, codec_rgb8, channels: 3, width: image.width, height: image.height)
  }

  /// An 8-bit grey picture, such as a mask; `pixels` is `[height, width]`.
  ///
  /// - Throws: ``ImageError``.
  public static func encode(gray pixels: [UInt8], width: Int, height: Int) throws(ImageError) -> [UInt8] {
    try encode(pixels, codec_grey8, channels: 1, width: width, height: height)
  }

  /// A 16-bit grey picture, such as a map of more than 256 labels; `pixels` is `[height, width]`.
  ///
  /// - Throws: ``ImageError``.
  public static func encode(gray16 pixels: [UInt16], width: Int, height: Int) throws(ImageError) -> [UInt8] {
    try encode(pixels, codec_grey16, channels: 1, width: width, height: height)
  }

  /// An 8-bit RGB picture with alpha, not premultiplied; `pixels` is `[height, width, 4]`.
  ///
  /// - Throws: ``ImageError``.
  public static func encode(rgba pixels: [UInt8], width: Int, height: Int) throws(ImageError) -> [UInt8] {
    try encode(pixels, codec_rgba8, channels: 4, width: width, height: height)
  }

  /// An 8-bit picture of palette indices, such as a map of up to 256 labels.
  ///
  /// - Parameters:
  ///   - indices: `[height, width]`, each below `palette.count`.
  ///   - palette: 1 to 256 colours.
  ///   - width: pixels across.
  ///   - height: pixels down.
  /// - Throws: ``ImageError``.
  public static func encode(
    indices: [UInt8], palette: [(red: UInt8, green: UInt8, blue: UInt8)], width: Int, height: Int
  ) throws(ImageError) -> [UInt8] {
    precondition((1...256).contains(palette.count), "a palette has 1 to 256 colours")
    precondition(indices.allSatisfy { $0 < palette.count }, "each index has a colour")
    let colors = palette.flatMap { [$0.red, $0.green, $0.blue] }
    return try encode(indices, codec_palette8, channels: 1, width: width, height: height, palette: colors)
  }

  private static func encode<Sample: BitwiseCopyable>(
    _ samples: [Sample], _ layout: codec_layout, channels: Int, width: Int, height: Int,
    palette: [UInt8] = []
  ) throws(ImageError) -> [UInt8] {
    guard ImageLimits.allow(width: width, height: height) else {
      throw .wrongPixelCount(width: width, height: height, expected: nil, actual: samples.count)
    }
    let expected = width * height * channels
    guard samples.count == expected else {
      throw .wrongPixelCount(width: width, height: height, expected: expected, actual: samples.count)
    }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var error = codec_error()
    let colors = UInt32(palette.count / 3)
    let status = codec_png_write(
      samples, UInt32(width), UInt32(height), layout, palette, colors, &bytes, &count, &error)
    // The sizes are checked, so nothing but memory can be wanting.
    guard status == codec_ok, let bytes else {
      throw .outOfMemory(name: "PNG output", width: width, height: height)
    }
    defer { codec_free(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}
