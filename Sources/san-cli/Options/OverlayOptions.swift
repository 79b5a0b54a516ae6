import ArgumentParser
import SANExport
import SANInference

/// How the overlay looks.
struct OverlayOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How much of the classes' colours covers the photo: 0, nothing, to 1, all. (default: 0.5)",
      valueName: "share"),
    transform: NumberInRange.parser(0...1, "0 to 1"))
  var opacity = 0.5

  @Flag(inversion: .prefixedNo, help: "Draw the classes' edges in their full colours.")
  var contours = true

  @Flag(inversion: .prefixedNo, help: "Draw the legend below the photo.")
  var legend = true

  @Flag(help: "Put the photo as it is on the overlay's left. (default: the overlay alone)")
  var sideBySide = false

  /// The library's options.
  var options: Overlay.Options {
    Overlay.Options(
      opacity: opacity, contours: contours, legend: legend ? .automatic : .none, besidePhoto: sideBySide)
  }
}
