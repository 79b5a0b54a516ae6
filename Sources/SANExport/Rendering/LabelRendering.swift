import SANInference

/// Label maps and masks as PNG files for other programs.
public enum LabelRendering {
  /// How a label map of up to 255 classes is stored.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// Places in a palette of the classes' colours: pictures for people, and labels for programs that do not look colours
    /// up, such as Pillow's `Image.open`.
    case palette
    /// Grey values: labels for programs that do look colours up, such as OpenCV's `imread` and Pillow's `convert("L")`.
    case grey
  }

  /// A label map as PNG: a class's index is its pixel value.
  ///
  /// Up to 255 classes make an 8-bit picture, with the classes' colours as its palette or without, in which "other" is
  /// 255; more make a 16-bit grey one, in which it is 65535.
  ///
  /// - Throws: ``RenderingError`` for a label that is not below `classCount`, nor "other"; `ImageError`.
  public static func labelMap(_ labels: LabelMap, classCount: Int, kind: Kind = .palette) throws -> [UInt8] {
    _ = try labels.counts(classCount: classCount)
    let (width, height) = (labels.size.width, labels.size.height)
    guard classCount <= 255 else {
      return try PNGWriter.encode(gray16: labels.labels, width: width, height: height)
    }
    let values = labels.labels.map { UInt8(truncatingIfNeeded: $0) }  // 65535 becomes 255
    if kind == .grey { return try PNGWriter.encode(gray: values, width: width, height: height) }
    let colors = (0..<255).map(Palette.color) + [Palette.other]
    return try PNGWriter.encode(
      indices: values,
      palette: colors.map { ($0.red, $0.green, $0.blue) }, width: width, height: height)
  }

  /// The pixels of one label as an 8-bit grey PNG: 255 where they are, 0 elsewhere.
  ///
  /// - Parameters:
  ///   - label: a class's index, or `LabelMap.other`.
  ///   - labels: the map.
  /// - Throws: `ImageError` where the map is larger than `ImageLimits` allow.
  public static func mask(of label: UInt16, in labels: LabelMap) throws(ImageError) -> [UInt8] {
    try PNGWriter.encode(
      gray: labels.labels.map { $0 == label ? 255 : 0 }, width: labels.size.width, height: labels.size.height)
  }

  /// A file name for the mask of `label`, such as `007-traffic-light.png`; `other.png` for
  /// `LabelMap.other`.
  ///
  /// The number keeps names apart and in order. Of the class's name, letters and digits stay, anything else
  /// becomes a hyphen, and no more than 120 bytes are kept. Precondition: `label` is below `classes.count`,
  /// or "other".
  public static func maskFileName(of label: UInt16, classes: [String]) -> String {
    guard label != LabelMap.other else { return "other.png" }
    precondition(Int(label) < classes.count, "a label of one of the classes")
    let digits = max(String(classes.count - 1).count, 3)
    let number = String(label)
    let prefix = String(repeating: "0", count: digits - number.count) + number
    let slug = slug(classes[Int(label)])
    return slug.isEmpty ? "\(prefix).png" : "\(prefix)-\(slug).png"
  }

  private static func slug(_ name: String) -> String {
    var slug = ""
    for word in name.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      var hyphen = slug.isEmpty ? "" : "-"
      for character in word {
        // A letter can carry any number of marks, so that one character may be too long by itself.
        guard slug.utf8.count + hyphen.utf8.count + character.utf8.count <= 120 else { return slug }
        slug += hyphen + String(character)
        hyphen = ""
      }
    }
    return slug
  }
}
