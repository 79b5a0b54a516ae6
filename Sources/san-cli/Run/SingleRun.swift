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
    for note in photo.notes { Console.note("\(image == "-" ? "standard input" : image): note: \(note)") }
    let plan = try OutputPlan(setup.options.output, image: image)
    try setup.checkDataSet()
    try setup.checkYOLONames()
    try plan.check(
      inputs: (image == "-" ? [] : [image]) + setup.files, masks: setup.maskNames,
      dataSet: setup.dataSetFile)
    let job = try setup.load(&watch)
    let dataSet = try DataSetFile(setup, job: job)
    let scores = try plan.openScores(of: photo, classes: job.vocabulary.classes)
    let report = try job.run(photo, image: image, scores: scores, doubt: plan.json != nil, watch: &watch)
    try dataSet?.add(report, place: image == "-" ? "stdin" : Path.name(of: image))
    let table = ClassTable(result: report.result)
    let outputs = SegmentationOutputs(plan: plan, photo: photo, report: report, scores: scores)
    let masks = try outputs.write(&watch) { try Console.write($0 ?? Array(table.text.utf8)) }
    try setup.writeYOLONames()
    try dataSet?.finish()
    if report.result.classes.allSatisfy({ $0.pixels == 0 }) {
      Console.note(
        "no pixel is of a class named: all are more like something else (see --background, --threshold)")
    } else if table.unlisted > 0, setup.options.output.printed == nil {
      let all = report.result.classes.count
      Console.note("not listed: \(table.unlisted) of \(all) classes, which have no pixel (--json has all)")
    }
    if plan.overlay == nil, !setup.options.output.noOverlay, let printed = setup.options.output.printed {
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
      return try RGBImage(contentsOf: image, cutPictures: cutPictures)
    }
    let bytes = try StreamInput.readStandardInput(limit: ImageLimits.fileBytes)
    return try RGBImage(decoding: bytes, name: "standard input", cutPictures: cutPictures)
  }

  private var cutPictures: CutPictures { setup.options.preparation.cutPictures }
}

/// A result as people read it.
struct ClassTable {
  let result: Segmentation

  /// Of so many classes all are in the table, of more those that have a pixel.
  private static let longest = 20

  /// The classes that the table leaves out.
  var unlisted: Int {
    result.classes.count > ClassTable.longest ? result.classes.count { $0.pixels == 0 } : 0
  }

  /// The table: a class a line.
  var text: String {
    var table = TextTable()
    table.add("class", "share", "score")
    let listed = unlisted == 0 ? result.classes : result.classes.filter { $0.pixels > 0 }
    for entry in listed + (result.other.map { [$0] } ?? []) {
      let share = "\((entry.coverage * 100).fixed(1)) %"
      table.add(entry.name.shortened, share, entry.pixels == 0 ? "-" : entry.meanScore.fixed(3))
    }
    return table.text
  }
}
