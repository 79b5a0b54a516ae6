import ArgumentParser
import SANExport
import SANInference

/// What is written, and where: a file each for one photo, a folder each for several.
struct OutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Where the overlay with its legend goes, a PNG, or JPEG or WebP by the file's name; in a folder it is \
      NAME.segmented.png (see --picture-format), and - is standard output, as for --labels and --json. The overlay of a photo on standard input goes there too, unless another output takes it. \
      (default: beside the photo; of several photos in the folder segmented)
      """,
      valueName: "path"),
    completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp(
      """
      The format of overlays, and of cut-outs with --cutout-background, whose files' names are not given: those of several \
      photos, and in a folder.
      """,
      valueName: "png|jpeg|webp"))
  var pictureFormat: PictureWriter = .png

  @Flag(help: "Write no overlay. (default: off)")
  var noOverlay = false

  @OptionGroup
  var look: OverlayOptions

  @Option(
    help: ArgumentHelp(
      """
      Also write the photo with nothing but these classes, separated by commas, as a PNG whose other pixels are \
      transparent. (default: none)
      """,
      valueName: "names"))
  var cutout: String?

  @Option(
    help: ArgumentHelp(
      """
      Where the cut-out goes; in a folder it is NAME.cutout.png, and - is standard output. (default: the overlay's \
      folder; required for a photo on standard input whose overlay has no file)
      """,
      valueName: "path"),
    completion: .file())
  var cutoutOutput: String?

  @Option(
    help: ArgumentHelp(
      """
      A colour behind the cut-out in the place of transparency: white, black, or six hexadecimal digits, such as "#f0f0f0". \
      The file may then be JPEG or WebP, too. (default: transparent)
      """,
      valueName: "color"),
    transform: OutputOptions.color)
  var cutoutBackground: RGBColor?

  @Option(
    help: ArgumentHelp(
      """
      Also write the label map as PNG: 8 bits as --labels-as says, or 16 bits grey where there are more than 255 classes. \
      (default: none)
      """,
      valueName: "path"),
    completion: .file())
  var labels: String?

  @Option(
    help: ArgumentHelp(
      """
      How the label map's 8 bits are stored: palette, which any viewer shows in colours and Pillow's open reads as labels, or \
      grey, for programs that turn palettes into colours or grey, as OpenCV's imread and Pillow's convert("L") do.
      """,
      valueName: "palette|grey"))
  var labelsAs: LabelRendering.Kind = .palette

  @Option(
    help: ArgumentHelp(
      "Also write classes, colours, shares, scores, times and the model as JSON. (default: none)",
      valueName: "path"),
    completion: .file())
  var json: String?

  @Option(
    help: ArgumentHelp(
      "Also write a black and white PNG for each class into this folder, which is made if missing. (default: none)",
      valueName: "folder"),
    completion: .directory)
  var maskDir: String?

  @Option(
    help: ArgumentHelp(
      """
      Also write the scores of all classes for NumPy, float32, classes × height × width: .npy, or .npz with the names of \
      the classes beside them. (default: none)
      """,
      valueName: "path"),
    completion: .file())
  var scores: String?

  @Option(
    help: ArgumentHelp(
      "The format of several photos' scores; for one photo the file's name tells it.",
      valueName: "npy|npz"))
  var scoresFormat: ScoresFile.Format = .npy

  @Option(
    help: ArgumentHelp(
      """
      Also write one COCO data set of all photos, a JSON file: an annotation for each class in each photo, with its area, \
      box and score. (default: none)
      """,
      valueName: "file"),
    completion: .file())
  var coco: String?

  @Option(
    help: ArgumentHelp(
      "How the data set tells masks: rle (run lengths, compressed) or polygons (the same pixels, longer).",
      valueName: "rle|polygons"))
  var cocoMasks: COCOAnnotation.Shape = .runLengths

  @OptionGroup
  var annotations: AnnotationOptions

  @Flag(help: "No progress and no notes on standard error, only errors. (default: off)")
  var quiet = false

  private static func color(_ text: String) throws -> RGBColor {
    let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
    switch text {
    case "white": return RGBColor(0xFFFFFF)
    case "black": return RGBColor(0)
    default:
      guard digits.utf8.count == 6, let number = UInt32(digits, radix: 16), !digits.hasPrefix("+") else {
        throw ValidationError("allowed are white, black, and six hexadecimal digits, such as \"#f0f0f0\"")
      }
      return RGBColor(number)
    }
  }

  func validate() throws {
    if noOverlay && output != nil {
      throw ValidationError("--output: is not allowed together with --no-overlay; leave one out")
    }
    if coco == "-" {
      throw ValidationError("--coco: a data set is not written to standard output; name a file")
    }
  }

  /// Checks that pictures of the format can be written on this machine, and that it is said what is cut out where it is said where that goes.
  func requireComplete() throws {
    if cutout == nil && cutoutOutput != nil {
      throw ValidationError("--cutout-output: needs --cutout, which says what is cut out")
    }
    if cutout == nil && cutoutBackground != nil {
      throw ValidationError("--cutout-background: needs --cutout, which says what is cut out")
    }
    if let problem = pictureFormat.problem {
      throw ValidationError("--picture-format: \(problem), or choose png or jpeg")
    }
    try annotations.requireComplete()
  }
}

extension OutputOptions {
  /// The classes that are cut out.
  var cutoutNames: [String] { cutout.map(NameList.split) ?? [] }

  /// Checks that what is to be cut out is among the classes.
  func checkCutout(classes: [String]) throws {
    guard cutout != nil else { return }
    if cutoutNames.isEmpty { throw UsageError("--cutout", "names no class") }
    for name in cutoutNames where !classes.contains(where: { $0.isSameClass(as: name) }) {
      throw UsageError("--cutout", "\"\(name)\" is none of the classes; those of this run are allowed")
    }
  }

  /// The data set of all images, if there is one.
  var dataSetFile: OutputFile? { coco.map { OutputFile(option: "--coco", path: $0) } }
}

extension String {
  /// Whether both are the name of one class: no two of a run differ in letters' case alone.
  func isSameClass(as other: String) -> Bool { lowercased() == other.lowercased() }
}

extension ScoresFile.Format: ExpressibleByArgument {}

extension PictureWriter: ExpressibleByArgument {
  /// The format of this name.
  public init?(argument: String) {
    guard let writer = Self.allCases.first(where: { $0.format.rawValue == argument }) else { return nil }
    self = writer
  }

  /// Its name.
  public var defaultValueDescription: String { format.rawValue }
  /// All names.
  public static var allValueStrings: [String] { allCases.map(\.format.rawValue) }
}

extension COCOAnnotation.Shape: ExpressibleByArgument {}

extension LabelRendering.Kind: ExpressibleByArgument {}

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
