import SANExport
import SANInference

/// Where everything goes that `eval` writes.
struct EvaluationPlan {
  /// Nil where it goes to standard output, or nowhere.
  let json: OutputFile?
  /// Whether the JSON takes the table's place.
  let printsJSON: Bool
  let csv: OutputFile?
  let confusion: OutputFile?
  let predictions: OutputFolder?
  let state: OutputFile?

  init(_ options: EvaluationOutputOptions) {
    printsJSON = options.json == "-"
    json = printsJSON ? nil : options.json.map { OutputFile(option: "--json", path: $0) }
    csv = options.csv.map { OutputFile(option: "--csv", path: $0) }
    confusion = options.confusion.map { OutputFile(option: "--confusion", path: $0) }
    predictions = options.predictions.map { OutputFolder(option: "--predictions", path: $0) }
    state = options.state.map { OutputFile(option: "--state", path: $0) }
  }

  /// Checks, before any work is done, all that can go wrong with the outputs but a full disk.
  func check(inputs: [String], images: [LabelledImage], classCount: Int) throws {
    let files = [json, csv, confusion, state].compactMap { $0 }
    for file in files { try file.requireWritable() }
    try confusion?.requireExtension("png", kind: "PNG picture")
    try predictions?.requireWritable()
    let maps = images.compactMap { image in
      prediction(of: image).map { OutputFile(option: "--predictions", path: $0) }
    }
    try OutputFile.requireDistinct(
      files + maps, inputs: inputs + images.flatMap { [$0.image, $0.labels] })
    if confusion != nil, classCount > ConfusionPicture.maximumClasses {
      throw UsageError(
        "--confusion",
        "a picture has room for \(ConfusionPicture.maximumClasses) classes, not for \(classCount); leave it out"
      )
    }
  }

  /// The file of a photo's predicted label map, where it is wanted.
  func prediction(of image: LabelledImage) -> String? {
    predictions.map { Path.join($0.path, "\(image.name).png") }
  }
}
