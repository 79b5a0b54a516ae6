import SANCore
import SANInference

/// A part of a photo on a transparent ground.
public enum Cutout {
  /// The photo's pixels that have one of `kept` as their label, opaque; all others are transparent and black, so that
  /// nothing else of the photo goes along: `[height, width, 4]`, as `PNGWriter.encode(rgba:width:height:)` takes it.
  ///
  /// - Parameters:
  ///   - image: the photo.
  ///   - labels: a class for each of its pixels.
  ///   - kept: labels of classes, or `LabelMap.other`.
  /// - Throws: ``RenderingError/sizeMismatch(photo:labels:)``.
  public static func render(
    _ image: RGBImage, labels: LabelMap, keeping kept: Set<UInt16>
  ) throws(RenderingError) -> [UInt8] {
    let size = Grid(height: image.height, width: image.width)
    guard labels.size == size else { throw .sizeMismatch(photo: size, labels: labels.size) }
    var isKept = [Bool](repeating: false, count: Int(UInt16.max) + 1)
    for label in kept { isKept[Int(label)] = true }
    return [UInt8](unsafeUninitializedCapacity: size.count * 4) { pixels, count in
      pixels.initialize(repeating: 0)
      for index in 0..<size.count where isKept[Int(labels.labels[index])] {
        for channel in 0..<3 { pixels[4 * index + channel] = image.pixels[3 * index + channel] }
        pixels[4 * index + 3] = 255
      }
      count = size.count * 4
    }
  }
}
