import CSAN
import SANInference

/// What a `san_image` points to.
final class ImageHandle: Sendable {
  let image: RGBImage

  init(_ image: RGBImage) { self.image = image }
}

/// See `san.h`.
@_cdecl("san_image_file")
public func sanImageFile(
  _ path: UnsafePointer<CChar>?, _ image: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let target = try needed(image, "image")
    target.pointee = retain(ImageHandle(try RGBImage(contentsOf: text(path, "path"))))
  }
}

/// See `san.h`.
@_cdecl("san_image_bytes")
public func sanImageBytes(
  _ bytes: UnsafePointer<UInt8>?, _ count: Int, _ name: UnsafePointer<CChar>?,
  _ image: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let target = try needed(image, "image")
    let name = try text(name, "name")
    // A size_t over Int.max arrives as a negative number.
    guard count >= 0 else { throw ArgumentError("count: \(UInt(bitPattern: count)) is not allowed") }
    let bytes = UnsafeRawBufferPointer(start: count == 0 ? nil : try needed(bytes, "bytes"), count: count)
    target.pointee = retain(ImageHandle(try RGBImage(decoding: bytes, name: name)))
  }
}

/// See `san.h`.
@_cdecl("san_image_pixels")
public func sanImagePixels(
  _ pixels: UnsafePointer<UInt8>?, _ width: Int, _ height: Int, _ stride: Int,
  _ image: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let target = try needed(image, "image")
    let copied = try RGBImage(try needed(pixels, "pixels"), width: width, height: height, stride: stride)
    target.pointee = retain(ImageHandle(copied))
  }
}

/// See `san.h`.
@_cdecl("san_image_width")
public func sanImageWidth(_ image: OpaquePointer?) -> Int {
  image.map { object($0, as: ImageHandle.self).image.width } ?? 0
}

/// See `san.h`.
@_cdecl("san_image_height")
public func sanImageHeight(_ image: OpaquePointer?) -> Int {
  image.map { object($0, as: ImageHandle.self).image.height } ?? 0
}

/// See `san.h`.
@_cdecl("san_image_data")
public func sanImageData(_ image: OpaquePointer?) -> UnsafePointer<UInt8>? {
  image.flatMap { object($0, as: ImageHandle.self).image.pixels.address }
}

/// See `san.h`.
@_cdecl("san_image_free")
public func sanImageFree(_ image: OpaquePointer?) { release(image, as: ImageHandle.self) }

extension RGBImage {
  /// Copies rows that lie `stride` bytes apart.
  init(_ pixels: UnsafePointer<UInt8>, width: Int, height: Int, stride: Int) throws {
    guard ImageLimits.allow(width: width, height: height) else {
      throw ArgumentError(
        "\(UInt(bitPattern: width))×\(UInt(bitPattern: height)) is not a size a picture can have (sides from 1 to "
          + "\(ImageLimits.side), up to \(ImageLimits.pixels) pixels in all)")
    }
    let row = width * 3
    guard stride >= row, !stride.multipliedReportingOverflow(by: height).overflow else {
      throw ArgumentError(
        "stride: \(UInt(bitPattern: stride)) is not allowed; a row of pixels is \(row) bytes")
    }
    let bytes = [UInt8](unsafeUninitializedCapacity: row * height) { rows, count in
      for y in 0..<height { (rows.baseAddress! + y * row).update(from: pixels + y * stride, count: row) }
      count = row * height
    }
    try self.init(width: width, height: height, pixels: bytes)
  }
}
