/// Why a picture could not be read or made. Every case names the picture and the way out, in one line.
public enum ImageError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file cannot be opened or read; `reason` is the system's.
  case unreadable(name: String, reason: String)
  /// There are no bytes.
  case empty(name: String)
  /// The bytes are of no format that is read; `format` is what they look like, where that is known.
  case unsupportedFormat(name: String, format: String?)
  /// The library that decodes this format is not on this machine; `advice` says how to get it.
  case missingLibrary(name: String, format: ImageFormat, library: String, advice: String)
  /// A format that is read, but of a kind that is not, such as 12-bit JPEG.
  case unsupportedKind(name: String, format: ImageFormat, reason: String)
  /// A sound picture where a file of labels is wanted, which has one number a pixel; `found` is what it holds.
  case notLabels(name: String, found: String)
  /// The data breaks the format's rules or ends too early.
  case damaged(name: String, format: ImageFormat, reason: String)
  /// More pixels than ``ImageLimits`` allows.
  case tooManyPixels(name: String, width: Int, height: Int)
  /// More bytes than ``ImageLimits`` allows.
  case fileTooLarge(name: String, bytes: Int)
  /// The machine has no memory for so many pixels.
  case outOfMemory(name: String, width: Int, height: Int)
  /// A format whose pictures cannot be so wide or high.
  case noRoom(name: String, format: ImageFormat, longestSide: Int)
  /// Raw pixels whose number does not fit the size they are said to have.
  case wrongPixelCount(width: Int, height: Int, expected: Int?, actual: Int)

  /// The error in one line.
  public var description: String {
    switch self {
    case .unreadable(let name, let reason):
      "\(name): cannot be read: \(reason)"
    case .empty(let name):
      "\(name): is empty; a picture is needed, such as JPEG or PNG"
    case .unsupportedFormat(let name, let format?):
      "\(name): looks like \(format), which is not read here; convert it to JPEG or PNG"
    case .unsupportedFormat(let name, nil):
      "\(name): is not a picture in a known format; \(ImageFormat.list) is needed"
    case .missingLibrary(let name, let format, let library, let advice):
      "\(name): \(format.name) needs \(library), which is not found; \(advice), or convert the picture to JPEG or PNG"
    case .unsupportedKind(let name, let format, let reason):
      "\(name): this kind of \(format.name) is not read here (\(reason)); "
        + "save it again as an ordinary 8-bit JPEG or PNG"
    case .notLabels(let name, let found):
      "\(name): is \(found), but a label file has one number a pixel: give a PNG that is grey or has a palette, with the "
        + "classes' numbers as its grey values or places in the palette"
    case .damaged(let name, let format, let reason):
      "\(name): damaged \(format.name) data (\(reason)); get the file again from its source"
    case .tooManyPixels(let name, let width, let height):
      "\(name): \(width)×\(height) pixels are more than can be taken (sides up to "
        + "\(ImageLimits.side), \(ImageLimits.pixels) pixels in all); make it smaller first"
    case .fileTooLarge(let name, let bytes):
      "\(name): \(bytes) bytes are more than a picture may have (\(ImageLimits.fileBytes)); make it smaller first"
    case .outOfMemory(let name, let width, let height):
      "\(name): not enough memory for \(width)×\(height) pixels; make it smaller first"
    case .noRoom(let name, let format, let side):
      "\(name): a picture in \(format.name) has at most \(side) pixels on a side, and this one has more; write a PNG"
    case .wrongPixelCount(let width, let height, let expected?, let actual):
      "\(width)×\(height) pixels need \(expected) values, but there are \(actual)"
    case .wrongPixelCount(let width, let height, nil, _):
      "\(width)×\(height) is not a size a picture can have (sides from 1 to \(ImageLimits.side), "
        + "up to \(ImageLimits.pixels) pixels in all)"
    }
  }
}
