import ArgumentParser
import SANInference

/// How the photo is prepared.
struct ImageOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Length in pixels to which the photo's short side is resized. (default: the model's own, mostly 640)",
      valueName: "pixels"))
  var size: Int?

  @Option(help: ArgumentHelp("How it is resized.", valueName: "kind"))
  var resample = ResamplingFilter.bicubic

  /// Lengths of the short side.
  static let allowedSizes = 32...4096

  func validate() throws {
    if let size, !ImageOptions.allowedSizes.contains(size) {
      throw ValidationError("--size: \(size) is not allowed; 32 to 4096 is")
    }
  }
}

extension ResamplingFilter: ExpressibleByArgument {}
