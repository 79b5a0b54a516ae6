/// A format that is read: one row of the table from which everything else about formats follows, such as the endings of
/// files and what errors say.
struct Codec: Sendable {
  let format: ImageFormat
  /// The format's usual name.
  let name: String
  /// What names of such files end in, in small letters and without the dot; the usual one first.
  let endings: [String]
  /// The library that decodes it, where that is looked for at run time.
  let library: SystemLibrary?
  /// Whether a file with these first bytes (up to ``ImageFormat/headBytes``) says that it is one.
  let announces: @Sendable (_ head: [UInt8]) -> Bool
  /// How the rows that the decoder gives must be turned.
  let orientation: @Sendable (UnsafeRawBufferPointer) -> EXIFOrientation
  /// Parses the header, before memory for the picture is taken. The bytes outlive the decoder.
  let open: @Sendable (UnsafeRawBufferPointer, DecodingRequest) throws(CodecFailure) -> any RowDecoder

  /// Every format that is read.
  static let table: [Codec] = [.jpeg, .png, .webP, .heif, .avif, .tiff, .gif, .bmp]

  /// The row of a format.
  static func row(of format: ImageFormat) -> Codec {
    guard let row = table.first(where: { $0.format == format }) else {
      preconditionFailure("every format has its row")
    }
    return row
  }
}

/// What is wanted of a decoder.
enum DecodingRequest {
  /// Colours.
  case colors
  /// Colours, of a file that ends too early too, as far as they are there.
  case colorsOfCutFiles
  /// The numbers that are stored: grey values or palette indices.
  case labels
}

/// What a picture's header says.
struct PictureHeader {
  enum Layout: Int {
    /// A label a pixel.
    case labels8 = 1, labels16
    /// Red, green, blue.
    case rgb
    /// Red, green, blue, alpha; the colours are not multiplied with alpha.
    case rgba

    var bytesPerPixel: Int { rawValue }
  }

  /// The picture as it is stored, before any turn.
  var width, height: Int
  var layout: Layout
  /// Whether the rows must be asked for all at once.
  var isWhole = false
  /// No file shorter than this can hold so many pixels.
  var minimumBytes = 0
}

/// A picture being decoded, row by row from the first that is stored. It closes itself when it goes.
protocol RowDecoder: AnyObject {
  var header: PictureHeader { get }
  /// Decodes the next `count` rows into `rows`, which has room for `count · width · bytesPerPixel`.
  func read(rows: UnsafeMutablePointer<UInt8>, count: Int) throws(CodecFailure)
  /// Reads what follows the last row, which must be sound too. Returns what is odd about the picture, if anything.
  func finish() throws(CodecFailure) -> String?
}

/// Why a decoder gave up; the file's name comes later.
enum CodecFailure: Error {
  /// The data breaks the format's rules.
  case damaged(String)
  /// The data ends too early; `rows` of those that were asked for are whole.
  case cut(String, rows: Int)
  /// Sound, but of a kind that is not read here.
  case unsupported(String)
  case noMemory
  /// The library that decodes it, or a part of it, is not on this machine.
  case noLibrary(SystemLibrary)
}

/// Divides the colours of an RGBA pixel by alpha, with which some formats have them multiplied, rounding as Pillow does.
func takeAlphaOut(of pixel: UnsafeMutablePointer<UInt8>) {
  let alpha = Int(pixel[3])
  guard alpha != 0, alpha != 255 else { return }
  for channel in 0..<3 { pixel[channel] = UInt8(min(255, 255 * Int(pixel[channel]) / alpha)) }
}
