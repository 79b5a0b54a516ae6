import SANCore
import SANInference

/// A command line of `segment` that has been checked, and what comes of it for all images.
struct RunSetup {
  let command: SegmentCommand
  let classes: [ClassName]
  private let background: Background
  let templates: PromptTemplates
  private let source: ModelSource

  init(_ command: SegmentCommand) throws {
    self.command = command
    classes = try command.vocabulary.makeClasses()
    try command.output.checkCutout(classes: classes.map(\.title))
    background = try command.background.makeBackground(
      beside: classes, standard: command.vocabulary.vocabulary == nil ? .distractors : .none)
    templates = try command.vocabulary.makeTemplates()
    source = try command.model.makeSource()
  }

  /// Files that are read beside the images.
  var files: [String] {
    command.model.inputs + command.input.files + command.vocabulary.inputs
  }

  /// The data set of all images; of a shard, its part.
  var dataSetFile: OutputFile? { own(command.output.dataSetFile) }

  /// The report; nil where there is none, or it is printed.
  var reportFile: OutputFile? { own(command.batch.reportFile) }

  private func own(_ file: OutputFile?) -> OutputFile? {
    guard let file, let shard = command.batch.shard else { return file }
    return OutputFile(option: file.option, path: shard.ownPath(file.path))
  }

  /// Checks that the data set can be written.
  func checkDataSet() throws {
    try dataSetFile?.requireWritable()
    try dataSetFile?.requireExtension("json", kind: "COCO data set")
  }

  /// Where the record of a run over several images lies: in the first output folder, or beside the only output, a data set;
  /// nil where there is neither.
  var recordFolder: String? {
    if let folder = command.output.folders.first { return folder.path }
    guard let path = dataSetFile?.path, FileStatus(path)?.isRegular != false else { return nil }
    return Path.folder(of: path)
  }

  /// The names of the files in a folder of masks.
  var maskNames: [String] { MaskFolder.fileNames(classes: classes.map(\.title)) }

  /// Loads the model and makes the classes ready, and tells what the user should know of it.
  func load(_ watch: inout Stopwatch) throws -> SegmentationJob {
    Console.show("loading \(command.model.model)")
    let textCache = command.cache.makeCache()
    let segmenter = try watch.time("load") { try command.model.load(source, textCache: textCache) }
    let views = try command.testTime.makeViews(
      shortSide: command.preparation.size ?? segmenter.defaultShortSide)
    let vocabulary = try watch.time("text") {
      try segmenter.vocabulary(
        classes, synonyms: command.vocabulary.synonyms, background: background, templates: templates,
        control: Interruption.control)
    }
    command.cache.noteProblem(of: textCache)
    try LongNames.warn(of: vocabulary, templates: templates, segmenter: segmenter)
    return SegmentationJob(
      segmenter: segmenter, vocabulary: vocabulary, background: background,
      threshold: command.background.threshold, shortSide: command.preparation.size,
      resampling: command.preparation.resample, views: views)
  }
}
