import SANCore
import SANInference

/// A photo with its classes laid over it in colour, their contours, and a legend below.
///
/// The photo keeps its scale, and its place but beside itself: its pixel (0, 0) is the picture's. Only whole numbers are
/// used, so the same input gives the same picture everywhere.
public enum Overlay {
  /// How an overlay looks.
  public struct Options: Sendable, Hashable {
    /// Whether there is a legend.
    public enum Legend: Sendable, Hashable {
      /// Below the photo, unless the picture would then exceed `ImageLimits`.
      case automatic
      /// Below the photo, of all classes whether they are there or not, and without shares: pictures of one size have
      /// legends of one size, as a video's frames must. It lists "other" where that may be. Not where it would be higher than
      /// the photo.
      case allClasses(other: Bool)
      /// Nowhere.
      case none
    }

    /// How much of a class's colour covers the photo: 0, nothing, to 1, all.
    public var opacity: Double
    /// Whether each class's edges are drawn in its full colour.
    public var contours: Bool
    /// Where the legend is.
    public var legend: Legend
    /// Whether the photo as it is stands left of the other.
    public var besidePhoto: Bool

    /// The usual look, or another.
    public init(
      opacity: Double = 0.5, contours: Bool = true, legend: Legend = .automatic, besidePhoto: Bool = false
    ) {
      (self.opacity, self.contours) = (opacity, contours)
      (self.legend, self.besidePhoto) = (legend, besidePhoto)
    }
  }

  /// Draws `labels` over `image`.
  ///
  /// The legend lists the classes that were found, in their order, with their shares of the photo, and
  /// "other" last, which stays as it is in the photo. Letters beyond Latin, Greek and Cyrillic are those of the system's
  /// fonts, where libfontconfig and libfreetype are found; a name that has no letters is its label's number
  /// (``namesWithoutLetters(_:)``). A picture with a legend is wider than a photo that is
  /// too narrow for its text, or so small that its many classes would make a tower of it.
  ///
  /// - Parameters:
  ///   - image: the photo.
  ///   - labels: a class for each of its pixels.
  ///   - classes: the classes' names; a class's index is its label.
  ///   - options: how it looks.
  /// - Throws: ``RenderingError`` for arguments that do not fit each other; with a legend, what
  ///   reading the font's file throws: `ResourceError` where it is missing, ``FontError`` where it is damaged.
  public static func render(
    _ image: RGBImage, labels: LabelMap, classes: [String], options: Options = Options()
  ) throws -> RGBImage {
    let size = Grid(height: image.height, width: image.width)
    guard labels.size == size else { throw RenderingError.sizeMismatch(photo: size, labels: labels.size) }
    guard (0...1).contains(options.opacity) else { throw RenderingError.invalidOpacity(options.opacity) }
    let counts = try labels.counts(classCount: classes.count)

    let metrics = Legend.Metrics(photoWidth: size.width, photoHeight: size.height)
    let left = options.besidePhoto ? size.width + metrics.margin : 0
    guard ImageLimits.allow(width: left + size.width, height: size.height) else {
      throw RenderingError.tooWide(photo: size)
    }
    var legend: Legend?
    if options.legend != .none {
      let font = try Font.standard().completed(for: classes)
      var listed = entries(counts, classes: classes, total: size.count, font: font)
      if case .allClasses(let other) = options.legend { listed = entries(classes, other: other, font: font) }
      let laidOut = Legend.fitting(
        listed, width: left + size.width, below: size.height, metrics: metrics, font: font)
      let fits = options.legend == .automatic || laidOut.height <= size.height
      if fits, ImageLimits.allow(width: laidOut.width, height: size.height + laidOut.height) {
        legend = laidOut
      }
    }
    var canvas = Canvas(
      width: legend?.width ?? left + size.width, height: size.height + (legend?.height ?? 0),
      color: Legend.background)
    if options.besidePhoto { canvas.draw(image) }
    let colors = classes.indices.map(Palette.color)
    let opacity = Int((options.opacity * 256).rounded())
    blend(image, labels, colors: colors, opacity: opacity, left: left, into: &canvas)
    if options.contours { drawContours(of: labels, colors: colors, left: left, into: &canvas) }
    legend?.draw(on: &canvas, top: size.height)
    return RGBImage(width: canvas.width, height: canvas.height, checked: canvas.pixels)
  }

  /// Those of `classes` that have a character without a picture in the legend's fonts, or one that needs to be shaped by those
  /// beside it, as Arabic and Devanagari do: their label's number stands in their place.
  ///
  /// - Throws: as reading the font's file does.
  public static func namesWithoutLetters(_ classes: [String]) throws -> [String] {
    let font = try Font.standard().completed(for: classes)
    return classes.filter { !$0.allSatisfy(font.has) }
  }

  private static func entries(
    _ counts: LabelMap.Counts, classes: [String], total: Int, font: Font
  ) -> [Legend.Entry] {
    var entries = classes.indices.filter { counts.classes[$0] > 0 }.map {
      entry(of: $0, classes: classes, share: share(counts.classes[$0], of: total), font: font)
    }
    if counts.other > 0 {
      entries.append(Legend.Entry(name: "other", color: nil, share: share(counts.other, of: total)))
    }
    return entries
  }

  /// All classes, without shares.
  private static func entries(_ classes: [String], other: Bool, font: Font) -> [Legend.Entry] {
    classes.indices.map { entry(of: $0, classes: classes, share: "", font: font) }
      + (other ? [Legend.Entry(name: "other", color: nil, share: "")] : [])
  }

  private static func entry(of label: Int, classes: [String], share: String, font: Font) -> Legend.Entry {
    Legend.Entry(
      name: classes[label].allSatisfy(font.has) ? classes[label] : "\(label)",
      color: Palette.color(of: label),
      share: share)
  }

  /// `count` of `total` in per cent with one decimal, rounded to the nearest, halves up. What is there is
  /// never "0.0%", nor what is not all of it "100.0%".
  package static func share(_ count: Int, of total: Int) -> String {
    if count == total { return "100%" }
    let tenths = (2000 * count + total) / (2 * total)
    if tenths == 0 { return "<0.1%" }
    if tenths == 1000 { return ">99.9%" }
    return "\(tenths / 10).\(tenths % 10)%"
  }

  /// Mixes photo and colours, `opacity` of 256 of them, from column `left` of the canvas on.
  private static func blend(
    _ image: RGBImage, _ labels: LabelMap, colors: [RGBColor], opacity: Int, left: Int,
    into canvas: inout Canvas
  ) {
    let (width, stride) = (image.width, canvas.width)
    // A class's part of each mix, rounding included; what is other gets nothing.
    let parts = colors.map { color in
      [color.red, color.green, color.blue].map { UInt32($0) * UInt32(opacity) + 128 }
    }
    let rest = UInt32(256 - opacity)
    canvas.pixels.withUnsafeMutableBufferPointer { target in
      image.pixels.withUnsafeBufferPointer { source in
        labels.labels.withUnsafeBufferPointer { labels in
          for row in 0..<image.height {
            var column = 0
            while column < width {
              // A run of pixels with the same label.
              let label = labels[row * width + column]
              var end = column + 1
              while end < width, labels[row * width + end] == label { end += 1 }
              let (from, to) = ((row * width + column) * 3, (row * stride + left + column) * 3)
              let count = (end - column) * 3
              if label == LabelMap.other {
                for index in 0..<count { target[to + index] = source[from + index] }
              } else {
                let part = parts[Int(label)]
                let (red, green, blue) = (part[0], part[1], part[2])
                for index in Swift.stride(from: 0, to: count, by: 3) {
                  let (old, new) = (from + index, to + index)
                  target[new] = UInt8(truncatingIfNeeded: (UInt32(source[old]) * rest + red) >> 8)
                  target[new + 1] = UInt8(truncatingIfNeeded: (UInt32(source[old + 1]) * rest + green) >> 8)
                  target[new + 2] = UInt8(truncatingIfNeeded: (UInt32(source[old + 2]) * rest + blue) >> 8)
                }
              }
              column = end
            }
          }
        }
      }
    }
  }
}
