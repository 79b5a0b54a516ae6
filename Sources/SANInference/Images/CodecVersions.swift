import CImageCodecs

/// The libraries that read and write pictures.
package enum CodecVersions {
  /// Names and versions, such as `libjpeg-turbo 2.1.5, libpng 1.6.39`.
  package static var description: String {
    "\(String(cString: codec_jpeg_version())), libpng \(String(cString: codec_png_version()))"
  }
}
