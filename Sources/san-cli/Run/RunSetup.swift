import SANCore
import SANExport
import SANInference

/// A command line of `segment` that has been checked, and what comes of it for all images.
struct RunSetup {
  let options: SegmentOptions
  let classes: [ClassName]
  private let background: Background
  let templates: PromptTemplates
  private let source: ModelSource

  init(_ options: SegmentOptions) throws {
    self.options = options
    classes = try options.vocabulary.makeClasses()
    try options.output.checkCutout(classes: classes.map(\.title))
    background = try options.background.makeBackground(
      beside: classes, standard: options.vocabulary.vocabulary == nil ? .distractors : .none)
    templates = try options.vocabulary.makeTemplates()
    source = try options.model.makeSource()
  }

  /// Files that are read beside the images.
  var files: [String] {
    options.model.inputs + options.input.files + options.vocabulary.inputs
  }

  /// The data set of all images; of a shard, its part.
  var dataSetFile: OutputFile? { own(options.output.dataSetFile) }

  /// The report; nil where there is none, or it is printed.
  var reportFile: OutputFile? { own(options.batch.reportFile) }

  private func own(_ file: OutputFile?) -> OutputFile? {
    guard let file, let shard = options.batch.shard else { return file }
    return OutputFile(option: file.option, path: shard.ownPath(file.path))
  }

  /// Checks that the data set can be written.
  func checkDataSet() throws {
    try dataSetFile?.requireWritable()
    try dataSetFile?.requireExtension("json", kind: "COCO data set")
  }

  /// Where records of a run over several images lie: in the output folders, each once, or beside the only output, a data
  /// set; none where there is neither.
  var recordFolders: [String] {
    var seen: Set<String> = []
    let folders = options.output.folders.map(\.path).filter { path in
      seen.insert((try? Path.absoluteParts(of: path).joined(separator: "/")) ?? path).inserted
    }
    guard folders.isEmpty, let path = dataSetFile?.path, FileStatus(path)?.isRegular != false else {
      return folders
    }
    return [Path.folder(of: path)]
  }

  /// The names of the files in a folder of masks.
  var maskNames: [String] { MaskFolder.fileNames(classes: classes.map(\.title)) }

  /// Loads the model and makes the classes ready, and tells what the user should know of it.
  func load(_ watch: inout Stopwatch) throws -> SegmentationJob {
    Console.show("loading \(options.model.model)")
    let textCache = options.cache.makeCache()
    let segmenter = try watch.time("load") { try options.model.load(source, textCache: textCache) }
    let views = try options.testTime.makeViews(
      shortSide: options.preparation.size ?? segmenter.defaultShortSide)
    let vocabulary = try watch.time("text") {
      try segmenter.vocabulary(
        classes, synonyms: options.vocabulary.synonyms, background: background, templates: templates,
        control: Interruption.control)
    }
    options.cache.noteProblem(of: textCache)
    try LongNames.warn(of: vocabulary, templates: templates, segmenter: segmenter)
    try warnOfLetters(vocabulary.classes)
    return SegmentationJob(
      segmenter: segmenter, vocabulary: vocabulary, background: background,
      threshold: options.background.threshold, shortSide: options.preparation.size,
      resampling: options.preparation.resample, views: views)
  }
}

extension RunSetup {
  /// Warns of names that a legend has no letters for.
  fileprivate func warnOfLetters(_ classes: [String]) throws {
    let output = options.output
    guard !output.noOverlay, output.look.legend else { return }
    let names = try Overlay.namesWithoutLetters(classes)
    guard let first = names.first else { return }
    let all = names.count == 1 ? "1 class name" : "\(names.count.grouped) class names"
    Console.note(
      "san-cli: warning: there are no letters for \(all), such as \"\(first.shortened)\", in whose place the legend shows the "
        + "labels' numbers; --json has both (san-cli doctor tells where letters come from)")
  }
}

/// What all images of a run have in common.
struct SegmentationJob: Sendable {
  let segmenter: Segmenter
  let vocabulary: Vocabulary
  let background: Background
  let threshold: Float?
  let shortSide: Int?
  let resampling: ResamplingFilter
  let views: ViewOptions

  /// Runs the network on a photo.
  ///
  /// - Parameters:
  ///   - image: the path that reports call it by.
  ///   - scores: takes all scores.
  ///   - doubt: whether it is measured.
  ///   - watch: takes the stages' times.
  func run(
    _ photo: RGBImage, image: String, scores: ScoresFile?, doubt: Bool, watch: inout Stopwatch
  ) throws -> SegmentationReport {
    let result = try segmenter.segment(
      photo, vocabulary: vocabulary, shortSide: shortSide, resampling: resampling, views: views,
      threshold: threshold, scoresFile: scores, doubt: doubt, control: Interruption.control)
    watch.add(result.timings)
    return SegmentationReport(
      image: image, segmenter: segmenter, background: background, vocabulary: vocabulary,
      threshold: threshold, result: result)
  }
}

/// Names that have more tokens than the model reads.
enum LongNames {
  /// Warns of each that `vocabulary` has.
  static func warn(of vocabulary: Vocabulary, templates: PromptTemplates, segmenter: Segmenter) throws {
    let limit = segmenter.model.configuration.clip.text.contextLength
    for name in vocabulary.truncated {
      let count = try segmenter.tokenCount(of: name, templates: templates)
      Console.note(
        "san-cli: warning: class name \"\(name.shortened)\" has \(count) tokens in its longest sentence; "
          + "the model reads \(limit): shorten it")
    }
  }
}
