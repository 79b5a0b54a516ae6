import ArgumentParser
import SANCore
import SANInference

/// What a pixel may be that is none of the classes.
struct BackgroundOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      What a pixel may be beside the classes: none, distractors (COCO-Stuff's 171 names, those near a class left out), \
      or names of your own. What these win is "other". (default: distractors; none with --vocabulary)
      """,
      valueName: "none|distractors|names"))
  var background: String?

  @Option(
    help: ArgumentHelp(
      "Pixels whose best score is lower become \"other\". (default: off)", valueName: "score"),
    transform: NumberInRange.parser(0...Float.greatestFiniteMagnitude, "a score of 0 or more"))
  var threshold: Float?

  /// What competes with `classes`: `standard` where the command line does not say.
  func makeBackground(beside classes: [ClassName], standard: Background) throws -> Background {
    switch background {
    case nil: return standard
    case "none": return .none
    case "distractors": return .distractors
    case .some(let background):
      let names = NameList.split(background)
      var taken = Set(classes.flatMap { [$0.title] + $0.synonyms }.map(TextCleaning.clean))
      guard !names.isEmpty else {
        throw UsageError("--background", "is empty; allowed are none, distractors, or names")
      }
      for (index, name) in names.enumerated() {
        let clean = TextCleaning.clean(name)
        if clean.isEmpty {
          throw UsageError("--background", "name \(index + 1) is blank: remove it or fill it in")
        }
        guard taken.insert(clean).inserted else {
          throw UsageError("--background", "\"\(name)\" is given twice or is a class too: remove it")
        }
      }
      return .names(names)
    }
  }
}
