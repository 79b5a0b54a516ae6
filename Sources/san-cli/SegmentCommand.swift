import ArgumentParser
import SANCore
import SANInference

/// `san-cli segment`: one photo, a list of classes, and the outputs asked for.
struct SegmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment",
    abstract: "Segments a photo into the classes named.",
    usage: "san-cli segment <image> --classes \"cat,dog\" [<options>]",
    discussion: """
      Writes the photo with the classes laid over it and a legend, and prints each class's share of the picture and \
      its mean score there. A score is no probability and can exceed 1. Files that exist are replaced; each file is \
      written whole or not at all.
      """)

  @Argument(help: "The photo: JPEG or PNG.", completion: .file(extensions: ["jpg", "jpeg", "png"]))
  var image: String

  @OptionGroup(title: "Classes")
  var vocabulary: VocabularyOptions

  @OptionGroup(title: "Classes")
  var background: BackgroundOptions

  @OptionGroup(title: "Outputs")
  var output: OutputOptions

  @OptionGroup(title: "Model")
  var model: ModelOptions

  @OptionGroup(title: "Cache")
  var cache: CacheOptions

  @OptionGroup(title: "Photo")
  var preparation: ImageOptions

  func run() throws {
    if output.quiet { Console.silence() }
    var watch = Stopwatch()
    let classes = try vocabulary.makeClasses()
    let background = try self.background.makeBackground(
      beside: classes, standard: vocabulary.vocabulary == nil ? .distractors : .none)
    let templates = try vocabulary.makeTemplates()
    let source = try ModelSource(argument: model.model)
    Console.show("reading \(image)")
    let photo = try watch.time("read") { try RGBImage(contentsOf: image) }
    let plan = try OutputPlan(output, image: image)
    try plan.check(
      inputs: [image] + model.inputs + vocabulary.inputs,
      masks: MaskFolder.fileNames(classes: classes.map(\.title)))

    Console.show("loading \(model.model)")
    let textCache = cache.makeCache()
    let segmenter = try watch.time("load") {
      try Segmenter(
        model: source, configuration: model.config, threads: model.threads, textCache: textCache)
    }
    let prepared = try watch.time("text") {
      try segmenter.vocabulary(
        classes, synonyms: vocabulary.synonyms, background: background, templates: templates,
        control: Interruption.control)
    }
    if let problem = textCache?.problem {
      Console.note("san-cli: note: the embeddings of class names are not kept: \(problem)")
    }
    for name in prepared.truncated {
      Console.note("san-cli: warning: \"\(name)\" is too long for the model, which saw its first words only")
    }
    let result = try segmenter.segment(
      photo, vocabulary: prepared, shortSide: preparation.size, resampling: preparation.resample,
      threshold: self.background.threshold, scores: plan.scores != nil, control: Interruption.control)
    watch.add(result.timings)

    let report = SegmentationReport(
      image: image, photo: photo, segmenter: segmenter, background: background, vocabulary: prepared,
      threshold: self.background.threshold, result: result)
    try SegmentationOutputs(plan: plan, report: report).write(watch)
  }
}
