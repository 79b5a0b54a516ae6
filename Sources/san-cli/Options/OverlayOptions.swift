import ArgumentParser
import SANInference

/// How the overlay looks.
struct OverlayOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How much of the classes' colours covers the photo: 0, nothing, to 1, all.", valueName: "share"))
  var opacity = 0.5

  @Flag(inversion: .prefixedNo, help: "Draw the classes' edges in their full colours.")
  var contours = true

  @Flag(inversion: .prefixedNo, help: "Draw the legend below the photo.")
  var legend = true

  @Flag(help: "Put the photo as it is on the overlay's left. (default: the overlay alone)")
  var sideBySide = false

  func validate() throws {
    guard (0...1).contains(opacity) else {
      throw ValidationError("--opacity: \(opacity) is not allowed; 0 to 1 is")
    }
  }

  /// The library's options.
  var options: Overlay.Options {
    Overlay.Options(
      opacity: opacity, contours: contours, legend: legend ? .automatic : .none, besidePhoto: sideBySide)
  }
}
