import SANCore
import SANInference

/// A part of a photo on a transparent ground.
public enum Cutout {
  /// The photo's pixels that have one of `kept` as their label, as opaque as they are in its file; all others are
  /// transparent and black, so that nothing else of the photo goes along: `[height, width, 4]`, as
  /// `PNGWriter.encode(rgba:width:height:)` takes it.
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
        let alpha = image.alpha?[index] ?? 255
        for channel in 0..<3 {
          pixels[4 * index + channel] = uncovered(image.pixels[3 * index + channel], alpha)
        }
        pixels[4 * index + 3] = alpha
      }
      count = size.count * 4
    }
  }

  /// The same over a colour in place of transparency, as opaque as the photo's pixels are in its file.
  ///
  /// - Throws: ``RenderingError/sizeMismatch(photo:labels:)``.
  public static func render(
    _ image: RGBImage, labels: LabelMap, keeping kept: Set<UInt16>, over color: RGBColor
  ) throws(RenderingError) -> RGBImage {
    let cutout = try render(image, labels: labels, keeping: kept)
    let ground = [color.red, color.green, color.blue].map(UInt32.init)
    let count = image.width * image.height
    let pixels = [UInt8](unsafeUninitializedCapacity: count * 3) { pixels, filled in
      for index in 0..<count {
        let alpha = UInt32(cutout[4 * index + 3])
        for channel in 0..<3 {
          // (c·a + ground·(255 − a)) / 255, rounded.
          let sum = UInt32(cutout[4 * index + channel]) * alpha + ground[channel] * (255 - alpha) + 128
          pixels[3 * index + channel] = UInt8(truncatingIfNeeded: (sum + sum >> 8) >> 8)
        }
      }
      filled = count * 3
    }
    return RGBImage(width: image.width, height: image.height, checked: pixels)
  }

  /// The colour that, with this alpha over ``RGBImage/background``, is `value`; black where nothing of it shows.
  private static func uncovered(_ value: UInt8, _ alpha: UInt8) -> UInt8 {
    guard alpha != 255 else { return value }
    guard alpha > 0 else { return 0 }
    let (background, alpha) = (Int(RGBImage.background), Int(alpha))
    let difference = (background - Int(value)) * 255
    return UInt8(max(0, background - (difference + alpha / 2) / alpha))
  }
}
