/// The lines that a run over several images prints: image, class, label, pixels, share and score, with tabs between.
struct ClassLines: RunOutput {
  /// Prints the columns' names.
  init() throws { try Console.write("image\tclass\tlabel\tpixels\tshare\tscore\n") }

  func take(_ outcome: ImageOutcome) throws {
    guard let summary = outcome.summary else { return }
    try Console.write(ClassLines.lines(image: outcome.item.path, summary))
  }

  /// A line for each class that has pixels, and for "other".
  private static func lines(image: String, _ summary: ImageSummary) -> String {
    (summary.classes + (summary.other.map { [$0] } ?? [])).map { entry in
      // A name keeps to its column: control characters are written as escapes.
      "\(image.printable)\t\(entry.name.printable)\t\(entry.label)\t\(entry.pixels)\t\(entry.coverage)\t\(entry.score)\n"
    }.joined()
  }
}
