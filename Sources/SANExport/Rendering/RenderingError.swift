import SANCore

/// Why a label map cannot be drawn.
public enum RenderingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The label map is not of the photo's size.
  case sizeMismatch(photo: Grid, labels: Grid)
  /// A label that no class has.
  case unknownLabel(label: UInt16, classCount: Int)
  /// An opacity outside 0 to 1.
  case invalidOpacity(Double)
  /// The photo and its overlay side by side exceed `ImageLimits`.
  case tooWide(photo: Grid)

  /// The error in one line.
  public var description: String {
    switch self {
    case .sizeMismatch(let photo, let labels):
      "the photo has \(photo.width)×\(photo.height) pixels, "
        + "its label map \(labels.width)×\(labels.height): use the map that was made from this photo"
    case .unknownLabel(let label, let classCount):
      "the label map holds label \(label), but there are \(classCount) classes, counted from 0: "
        + "give all the classes it was made with"
    case .tooWide(let photo):
      "two pictures of \(photo.width)×\(photo.height) pixels are too large to stand side by side: "
        + "draw the overlay alone"
    case .invalidOpacity(let opacity):
      "opacity \(opacity) is not from 0 (the photo alone) to 1 (the classes' colours alone)"
    }
  }
}
