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

  /// Lengths of the short side.
  static let allowedSizes = 32...4096
}

extension ResamplingFilter: ExpressibleByArgument {}
