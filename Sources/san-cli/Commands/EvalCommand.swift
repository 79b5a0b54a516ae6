import ArgumentParser
import SANCore
import SANExport
import SANInference

/// `san-cli eval`: how right a model is on photos whose labels are known.
struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measures a model on labelled photos: IoU and accuracy.",
    usage: "san-cli eval --images <folder> --labels <folder> --vocabulary <set> [<options>]",
    discussion: """
      By the published protocol: each photo is resized bilinearly to a short side of --size and a long side of four \
      times that at most, and every pixel gets the class of the highest score, at the photo's own size. Ratios are \
      mmsegmentation's: mIoU is the mean over all classes that the labels or the predictions have. "mIoU (true)" is \
      that over the classes that the labels have, as detectron2 counts.
      """)

  @OptionGroup(title: "Data")
  var data: EvaluationDataOptions

  @OptionGroup(title: "Classes")
  var vocabulary: VocabularyOptions

  @OptionGroup(title: "Outputs")
  var output: EvaluationOutputOptions

  @OptionGroup(title: "Model")
  var model: ModelOptions

  @OptionGroup(title: "Cache")
  var cache: CacheOptions

  @OptionGroup(title: "Photo")
  var preparation: EvaluationPhotoOptions

  @OptionGroup(title: "Photo")
  var testTime: TestTimeOptions

  func run() throws {
    if output.quiet { Console.silence() }
    // As in segment, after the parser has told of an option that it does not know.
    try vocabulary.requireComplete()
    try testTime.requireComplete()
    let classes = try vocabulary.makeClasses()
    let templates = try vocabulary.makeTemplates()
    let encoding = try makeEncoding(classes: classes.map(\.title))
    let source = try model.makeSource()
    Console.show("looking for photos and labels")
    let images = try LabelledImages.find(data)
    let plan = EvaluationPlan(output)
    try plan.check(
      inputs: data.inputs + vocabulary.inputs + model.inputs, images: images, classCount: classes.count)

    Console.show("loading \(model.model)")
    let textCache = cache.makeCache()
    let segmenter = try model.load(source, textCache: textCache)
    let shortSide = preparation.size ?? segmenter.defaultShortSide
    let settings = try EvaluationSettings(
      segmenter: segmenter, classes: classes, synonyms: vocabulary.synonyms, templates: templates,
      shortSide: shortSide, views: testTime.makeViews(shortSide: shortSide), encoding: encoding,
      ignored: data.ignored(classCount: classes.count))
    let state = try plan.state.map {
      try EvaluationState($0.path, header: settings.header(), classCount: classes.count)
    }
    let prepared = try segmenter.vocabulary(
      classes, synonyms: vocabulary.synonyms, background: .none, templates: templates,
      control: Interruption.control)
    cache.noteProblem(of: textCache)
    try LongNames.warn(of: prepared, templates: templates, segmenter: segmenter)
    let evaluation = Evaluation(settings: settings, vocabulary: prepared, plan: plan, state: state)
    let tally = try evaluation.run(images)
    try write(
      EvaluationReport(settings: settings, tally: tally, baselines: output.baselines), plan: plan)
  }

  /// What the label files' numbers mean.
  private func makeEncoding(classes: [String]) throws -> LabelEncoding {
    let ignored = data.ignored(classCount: classes.count)
    guard let file = data.labelNames else {
      return LabelEncoding(classCount: classes.count, offset: data.labelOffset, ignored: ignored)
    }
    let names = try OptionError.naming("--label-names") {
      try LabelNames(file, classes: classes, ignored: ignored)
    }
    return LabelEncoding(classCount: classes.count, classesByID: names.classesByID, ignored: ignored)
  }

  private func write(_ report: EvaluationReport, plan: EvaluationPlan) throws {
    var files: [AtomicFile] = []
    func stage(_ bytes: [UInt8], _ output: OutputFile?) throws {
      guard let output else { return }
      let file = try AtomicFile(output.path)
      try bytes.withUnsafeBytes { try file.write($0) }
      files.append(file)
    }
    try stage(Array(report.json.utf8), plan.json)
    try stage(Array(report.csv.utf8), plan.csv)
    if let confusion = plan.confusion {
      let picture = try ConfusionPicture.render(report.tally.confusion, classes: report.settings.titles)
      try stage(PNGWriter.encode(picture), confusion)
    }
    try Interruption.check()
    try Console.write(plan.printsJSON ? report.json : report.table)
    for file in files { try file.commit() }

    if !report.tally.unlisted.isEmpty {
      let pixels = report.tally.unlisted.values.reduce(0, +)
      let numbers = report.tally.unlisted.keys.sorted().map(String.init)
      let some = numbers.prefix(8).joined(separator: ", ") + (numbers.count > 8 ? ", …" : "")
      Console.note("left out: \(pixels.grouped) pixels whose number has no class in --label-names: \(some)")
    }
    if report.tally.confusion.pixels == 0 {
      Console.note("no pixel counts: all are left out (see --ignore, --label-offset, --label-names)")
    }
    for file in files { Console.note("wrote \(file.path)") }
    let made = report.tally.images - report.tally.known
    if let predictions = plan.predictions, made > 0 {
      Console.note("wrote \(made) label maps in \(predictions.path)")
    }
  }
}
