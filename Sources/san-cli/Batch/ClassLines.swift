import SANInference

/// The lines that a run over several images prints: image, class, label, pixels, share and score, with tabs between.
enum ClassLines {
  static let header = "image\tclass\tlabel\tpixels\tshare\tscore\n"

  /// A line for each class that has pixels, and for "other".
  static func lines(image: String, _ summary: ImageSummary) -> String {
    let otherLabel = SegmentationReport.otherLabel(classCount: summary.classes.count)
    let entries =
      summary.classes.enumerated().map { (label: $0, entry: $1) }
      + (summary.other.map { [(label: otherLabel, entry: $0)] } ?? [])
    return entries.filter { $0.entry.pixels > 0 }.map { label, entry in
      // A name keeps to its column: control characters are written as escapes.
      """
      \(image.printable)\t\(entry.name.printable)\t\(label)\t\(entry.pixels)\t\(entry.coverage)\t\(entry.meanScore)

      """
    }.joined()
  }
}
