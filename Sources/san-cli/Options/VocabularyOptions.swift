import ArgumentParser
import SANCore
import SANInference

/// What the photo may hold.
struct VocabularyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Class names, separated by commas; \\, is a comma within a name. May be given several times. The order gives \
      labels and colours.
      """,
      valueName: "names"))
  var classes: [String]

  @Option(
    help: ArgumentHelp(
      """
      What a pixel may be beside the classes: none, distractors (COCO-Stuff's 171 names, those near a class left out), \
      or names of your own. What these win is "other".
      """,
      valueName: "none|distractors|names"))
  var background = "distractors"

  @Option(
    help: ArgumentHelp(
      "Pixels whose best score is lower become \"other\". (default: off)", valueName: "score"))
  var threshold: Float?

  @Option(
    help: ArgumentHelp(
      "Sentences that a name is put into: vild (14), imagenet (80), plain (the name alone), or a file, one a line with {}.",
      valueName: "vild|imagenet|plain|file"))
  var templates = "vild"

  func validate() throws {
    if let threshold, !(threshold >= 0 && threshold.isFinite) {
      throw ValidationError("--threshold: \(threshold) is not allowed; a score of 0 or more is")
    }
  }

  /// The class names in the order given.
  var names: [String] { classes.flatMap(NameList.split) }

  /// What competes with the classes.
  func makeBackground() throws -> Background {
    switch background {
    case "none": return .none
    case "distractors": return .distractors
    default:
      let names = NameList.split(background)
      var taken = Set(self.names.map(TextCleaning.clean))
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

  /// The prompt templates, from the file where one is named.
  func makeTemplates() throws -> PromptTemplates {
    if let named = PromptTemplates.named.first(where: { $0.name == templates }) { return named }
    let bytes: [UInt8]
    do {
      bytes = try MappedFile.contents(of: templates, limit: 1 << 20)
    } catch FileError.cannotOpen(_, let reason) {
      let known = PromptTemplates.named.map(\.name).joined(separator: ", ")
      throw TemplatesFileError(
        path: templates, problem: "is not one of \(known), nor can such a file be opened: \(reason)",
        status: Failure.Status.noInput)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw TemplatesFileError(path: templates, problem: "is not UTF-8 text", status: Failure.Status.data)
    }
    do {
      return try PromptTemplates(lines: text)
    } catch {
      throw TemplatesFileError(path: templates, problem: "\(error)", status: Failure.Status.data)
    }
  }

  /// The templates' file, if they are in one.
  var templatesFile: String? { PromptTemplates.named.contains { $0.name == templates } ? nil : templates }
}

/// A file of prompt templates that cannot be used.
struct TemplatesFileError: StatusError {
  let path: String
  let problem: String
  let status: Int32
  var description: String { "\(path): \(problem)" }
}
