import CImageCodecs

/// The libraries that read and write pictures.
package enum CodecVersions {
  /// Names and versions, such as `libjpeg-turbo 2.1.5, libpng 1.6.39, libwebp 1.2.4`; and of what is looked for at run time
  /// and not found, what it is for and how to install it.
  package static var description: String {
    var parts = [String(cString: codec_jpeg_version()), "libpng \(String(cString: codec_png_version()))"]
    let others: [(library: SystemLibrary, version: String?)] = [
      (.webP, WebPLibrary.shared?.version), (.heif, HEIFLibrary.shared?.version),
      (.tiff, TIFFLibrary.shared?.version),
    ]
    for (library, version) in others {
      let formats = Codec.table.filter { $0.library == library }.map(\.name).joined(separator: " and ")
      parts.append("\(library.name) \(version ?? "not found, for \(formats): \(library.advice)")")
    }
    return parts.joined(separator: ", ")
  }
}
