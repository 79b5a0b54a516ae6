import ArgumentParser
import SANCore
import SANInference

/// Which classes: a list of one's own, inline or in a file, or a set that comes with the program; and what the model reads
/// of them.
struct VocabularyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Class names, separated by commas; the order gives labels and colours. cat=cat|kitten|tabby is one class, called \
      cat, of three names. \\, \\= \\| and \\\\ are the characters. May be given several times.
      """,
      valueName: "names"))
  var classes: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      A file of class names in the place of --classes, one a line; # starts a comment, \\# is the character. A file named \
      .yaml or .yml has them as its names:, as YOLO's data.yaml does, and one named .json is an array of them.
      """,
      valueName: "file"),
    completion: .file())
  var classesFile: String?

  @Option(
    help: ArgumentHelp(
      """
      A data set's classes in the place of --classes: \(Vocabularies.all.joined(separator: ", ")).
      """,
      valueName: "set"),
    completion: .list(Vocabularies.all))
  var vocabulary: String?

  @Option(
    help: ArgumentHelp(
      """
      How the names of one class make its score: best (each mask counts for the name that it is nearest to) or mean \
      (the mean of the names' embeddings).
      """,
      valueName: "best|mean"))
  var synonyms: SynonymPooling = .best

  @Option(
    help: ArgumentHelp(
      "Sentences that a name is put into: vild (14), imagenet (80), plain (the name alone), or a file, one a line with {}.",
      valueName: "vild|imagenet|plain|file"),
    completion: .list(PromptTemplates.named.map(\.name)))
  var templates = "vild"

  func validate() throws {
    let given = [
      classes.isEmpty ? nil : "--classes", classesFile.map { _ in "--classes-file" },
      vocabulary.map { _ in "--vocabulary" },
    ].compactMap { $0 }
    if given.count > 1 {
      throw ValidationError("\(given[0]): is not allowed together with \(given[1]); give one of them")
    }
    if let vocabulary, !Vocabularies.all.contains(vocabulary) {
      throw ValidationError("--vocabulary: \(UnknownVocabularyError(name: vocabulary))")
    }
  }

  /// Checks that there are classes.
  func requireComplete() throws {
    guard !classes.isEmpty || classesFile != nil || vocabulary != nil else {
      throw ValidationError("no classes: name them with --classes, --classes-file or --vocabulary")
    }
  }

  /// The classes in their order, which can be told apart.
  func makeClasses() throws -> [ClassName] {
    if let vocabulary { return try Vocabularies.names(of: vocabulary).map { ClassName($0) } }
    if let classesFile {
      return try OptionError.naming("--classes-file") { try ClassesFile(classesFile).classes }
    }
    do {
      let names = try classes.flatMap { try ClassName.list(parsing: $0) }
      try VocabularyError.check(names)
      return names
    } catch let error as ClassSyntaxError {
      throw UsageError("--classes", "\(error)")
    }
  }

  /// The prompt templates, from the file where one is named.
  func makeTemplates() throws -> PromptTemplates {
    try PromptTemplates.named.first { $0.name == templates }
      ?? OptionError.naming("--templates") { try readTemplates() }
  }

  private func readTemplates() throws -> PromptTemplates {
    let bytes: [UInt8]
    do {
      bytes = try StreamInput.contents(of: templates, limit: 1 << 20)
    } catch FileError.cannotOpen(_, let reason) {
      let known = PromptTemplates.named.map(\.name).joined(separator: ", ")
      throw TemplatesFileError(
        path: templates, problem: "is not one of \(known), nor can such a file be opened: \(reason)",
        category: .notFound)
    }
    guard let text = String(validating: bytes.withoutByteOrderMark, as: UTF8.self) else {
      throw TemplatesFileError(path: templates, problem: "is not UTF-8 text", category: .damaged)
    }
    do {
      return try PromptTemplates(lines: text)
    } catch {
      throw TemplatesFileError(path: templates, problem: "\(error)", category: .damaged)
    }
  }

  /// Input files that no output may take the place of.
  var inputs: [String] {
    let named = PromptTemplates.named.contains { $0.name == templates }
    return (classesFile.map { [$0] } ?? []) + (named ? [] : [templates])
  }
}

extension SynonymPooling: ExpressibleByArgument {}

/// A file of prompt templates that cannot be used.
struct TemplatesFileError: ProgramError {
  let path: String
  let problem: String
  let category: ErrorCategory
  var description: String { "\(path): \(problem)" }
}

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
