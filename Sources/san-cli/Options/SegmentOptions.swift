import ArgumentParser

/// All options of `segment`.
struct SegmentOptions: ParsableArguments {
  @OptionGroup(title: "Input")
  var input: InputOptions

  @OptionGroup(title: "Classes")
  var vocabulary: VocabularyOptions

  @OptionGroup(title: "Classes")
  var background: BackgroundOptions

  @OptionGroup(title: "Outputs")
  var output: OutputOptions

  @OptionGroup(title: "Several photos")
  var batch: BatchOptions

  @OptionGroup(title: "Video")
  var video: VideoOptions

  @OptionGroup(title: "Model")
  var model: ModelOptions

  @OptionGroup(title: "Cache")
  var cache: CacheOptions

  @OptionGroup(title: "Photo")
  var preparation: ImageOptions

  @OptionGroup(title: "Photo")
  var testTime: TestTimeOptions

  /// Why outputs are those of several photos, for a message.
  var severalBecause: String {
    let asked = [
      ("--report", batch.report != nil), ("--skip-existing", batch.skipExisting),
      ("--shard", batch.shard != nil),
    ].first { $0.1 }
    return input.inputs.severalBecause ?? "\(asked?.0 ?? "--report") takes one photo as several"
  }

  /// Checks that nothing is missing. Not in `validate()`, which comes before the parser tells of an option that it does not
  /// know: that may be what is missing, mistyped.
  func requireComplete() throws {
    try input.requireComplete()
    try vocabulary.requireComplete()
    try output.requireComplete()
    try testTime.requireComplete()
  }
}
