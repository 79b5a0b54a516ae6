import SANCore
import SANInference

/// `segment` with one photo.
struct SingleRun {
  let setup: RunSetup
  /// The photo's path, or `-` for standard input.
  let image: String

  func run() throws {
    var watch = Stopwatch()
    let photo = try watch.time("read") { try read() }
    let plan = try OutputPlan(setup.command.output, image: image)
    try setup.checkDataSet()
    try plan.check(
      inputs: (image == "-" ? [] : [image]) + setup.files, masks: setup.maskNames,
      dataSet: setup.dataSetFile)
    let job = try setup.load(&watch)
    let dataSet = try DataSetFile(setup, job: job)
    let scores = try plan.openScores(of: photo, classes: job.vocabulary.classes)
    let report = try job.run(photo, image: image, scores: scores, watch: &watch)
    try dataSet?.add(report, place: image == "-" ? "stdin" : Path.name(of: image))
    let masks = try SegmentationOutputs(plan: plan, report: report, scores: scores).write(&watch) { printed in
      try Console.write(printed ?? Array(report.table.utf8))
    }
    try dataSet?.finish()
    if report.result.classes.allSatisfy({ $0.pixels == 0 }) {
      Console.note(
        "no pixel is of a class named: all are more like something else (see --background, --threshold)")
    } else if report.unlisted > 0, setup.command.output.printed == nil {
      let all = report.result.classes.count
      Console.note("not listed: \(report.unlisted) of \(all) classes, which have no pixel (--json has all)")
    }
    if plan.overlay == nil, !setup.command.output.noOverlay, let printed = setup.command.output.printed {
      Console.note("no overlay is written: \(printed) takes standard output (see --output, --no-overlay)")
    }
    for file in plan.files where !file.isStandardOutput { Console.note("wrote \(file.path)") }
    if let dataSet { Console.note("wrote \(dataSet.path)") }
    if let masks { Console.note("wrote \(masks.count) masks in \(masks.folder)") }
  }

  private func read() throws -> RGBImage {
    guard image == "-" else {
      Console.show("reading \(image)")
      try PictureFile.requireName(image)
      return try RGBImage(contentsOf: image)
    }
    let bytes = try StreamInput.readStandardInput(limit: ImageLimits.fileBytes)
    return try RGBImage(decoding: bytes, name: "standard input")
  }
}
