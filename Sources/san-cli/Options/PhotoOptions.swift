import ArgumentParser
import SANInference

/// How the photo is prepared.
struct ImageOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Length in pixels to which the photo's short side is resized. (default: the model's own, mostly 640)",
      valueName: "pixels"),
    transform: NumberInRange.parser(ImageOptions.allowedSizes))
  var size: Int?

  @Option(help: ArgumentHelp("How it is resized.", valueName: "kind"))
  var resample = ResamplingFilter.bicubic

  @Flag(
    help: """
      Read photos whose files are cut short, too, as far as they go; pixels that are not there become "other". (default: \
      they are damaged)
      """)
  var truncated = false

  /// What becomes of photos whose files end too early.
  var cutPictures: CutPictures { truncated ? .allowed : .refused }

  /// Lengths of the short side.
  static let allowedSizes = 32...4096
}

extension ResamplingFilter: ExpressibleByArgument {}

/// How many views of a photo the network sees.
struct TestTimeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Factors of the short side's length, separated by commas, such as 0.5,1,1.5: the network sees the photo at each, \
      and scores are averaged. (default: 1)
      """,
      valueName: "factors"))
  var scales: String?

  @Flag(help: "Average with the mirrored photo, which takes twice as long. (default: off)")
  var flip = false

  @Option(
    help: ArgumentHelp(
      """
      Show the resized photo in square windows with sides of so many pixels, best a multiple of 32, and blend them: \
      detail of large photos in little memory, with a larger --size. (default: off)
      """,
      valueName: "pixels"),
    transform: NumberInRange.parser(ViewOptions.allowedSides))
  var window: Int?

  @Option(
    help: ArgumentHelp(
      "The least part of its side that a window shares with the next, 0 to 0.75. (default: 0.25)",
      valueName: "part"),
    transform: NumberInRange.parser(ViewOptions.allowedOverlaps))
  var overlap: Double?

  /// Checks that there are windows where it is said how far they overlap.
  func requireComplete() throws {
    if overlap != nil && window == nil {
      throw ValidationError("--overlap: needs --window; give both or neither")
    }
  }

  func validate() throws {
    do {
      _ = try makeViews()
    } catch let error as ViewOptionsError {
      throw ValidationError("--\(error.option): \(error)")
    }
  }

  /// The views asked for.
  func makeViews() throws -> ViewOptions {
    try ViewOptions(
      scales: factors(), flip: flip, window: window, overlap: overlap ?? ViewOptions.defaultOverlap)
  }

  /// The views asked for, of photos with a short side of `shortSide`: every scale of it must be a size that
  /// ``ImageOptions`` would take.
  func makeViews(shortSide: Int) throws -> ViewOptions {
    let views = try makeViews()
    let allowed = ImageOptions.allowedSizes
    for scale in views.scales where scale != 1 {
      let size = ViewOptions.length(shortSide, scale: scale)
      if allowed.contains(size) { continue }
      throw UsageError(
        "--scales",
        "\(scale) times \(shortSide) pixels is \(size), which is not allowed; \(allowed.lowerBound) to "
          + "\(allowed.upperBound) is")
    }
    return views
  }

  private func factors() throws -> [Double] {
    guard let scales else { return [1] }
    return try NameList.split(scales).map { text in
      guard let factor = Double(text) else {
        throw ValidationError(
          "--scales: \"\(text)\" is no number; numbers of \(ViewOptions.allowedScales.lowerBound) to "
            + "\(ViewOptions.allowedScales.upperBound) are allowed, separated by commas")
      }
      return factor
    }
  }
}
