import SANCore
import SANExport
import SANInference

/// What is asked of a photo: classes, and what the answer is to hold.
struct Question: Sendable {
  /// A part of the answer beside its figures.
  enum Output: String, Sendable, CaseIterable {
    /// The photo with its classes laid over it.
    case overlay
    /// The label map.
    case labels
    /// The parts of the photo that have one of the classes kept.
    case cutout
    /// The score that won at each pixel.
    case scores
  }

  let classes: [ClassName]
  let background: Background
  let threshold: Float?
  let outputs: [Output]
  /// The classes that a cut-out keeps.
  let kept: Set<UInt16>
  let labelsAs: LabelRendering.Kind

  /// The parameters of a question.
  static let parameters = [
    "classes", "vocabulary", "background", "threshold", "outputs", "keep", "labels_as",
  ]

  /// The question that `fields` ask.
  ///
  /// - Throws: ``ServerError``, or the engine's error where classes cannot be told apart.
  init(_ fields: Fields, limits: ServerLimits) throws {
    let vocabulary = try fields.one("vocabulary")
    let listed = fields.all("classes")
    // Before lists are taken apart, each part of which costs more than its text. A character has up to four bytes or so.
    let texts = listed + fields.all("background") + fields.all("keep")
    let most = 4 * limits.names * (limits.nameLength + 1)
    guard texts.reduce(0, { $0 + $1.utf8.count }) <= most else {
      throw ServerError.badArgument(
        "the names have more than \(most) bytes, which is as many as this server takes")
    }
    switch (vocabulary, listed.isEmpty) {
    case (nil, true):
      throw ServerError.badArgument(
        "no classes: name them with classes, such as classes=cat,dog, or a set of them with vocabulary")
    case (.some, false):
      throw ServerError.badArgument("vocabulary: is not allowed together with classes; give one of them")
    case (.some(let vocabulary), true): classes = try Vocabularies.names(of: vocabulary).map { ClassName($0) }
    case (nil, false): classes = try listed.flatMap { try ClassName.list(parsing: $0) }
    }
    background = try Question.background(
      fields.one("background"), standard: vocabulary == nil ? .distractors : .none)
    try Question.check(listed.isEmpty ? [] : classes, background, limits: limits)
    threshold = try fields.one("threshold").map(Question.threshold)
    var outputs: [Output] = []
    for text in fields.all("outputs").flatMap({ $0.split(separator: ",") }) {
      let output = try Question.choice("outputs", String(text), Output.self)
      if !outputs.contains(output) { outputs.append(output) }
    }
    self.outputs = outputs
    labelsAs =
      try fields.one("labels_as").map { try Question.choice("labels_as", $0, LabelRendering.Kind.self) }
      ?? .palette
    kept = try Question.kept(fields.all("keep"), of: classes)
  }

  /// Holds a client's names against the limits, and background names against the classes.
  private static func check(_ classes: [ClassName], _ background: Background, limits: ServerLimits) throws {
    var names = classes.flatMap { [$0.title] + $0.synonyms }
    let own = classes.reduce(0) { $0 + $1.synonyms.count }
    var count = own
    if case .names(let others) = background {
      count += others.count
      let taken = Set(names.map { $0.lowercased() })
      if let twice = others.first(where: { taken.contains($0.lowercased()) }) {
        throw ServerError.badArgument("background: \"\(shown(twice))\" is a class, too: remove it")
      }
      names += others
    }
    guard count <= limits.names else {
      throw ServerError.badArgument(
        "\(count) names are more than the \(limits.names) that this server takes: split the list")
    }
    if let long = names.first(where: { $0.count > limits.nameLength }) {
      throw ServerError.badArgument(
        "the name \"\(shown(long))\" has more than the \(limits.nameLength) characters that this server takes: "
          + "shorten it")
    }
  }

  private static func threshold(_ text: String) throws -> Float {
    guard let number = Float(text), number.isFinite, number >= 0 else {
      throw ServerError.badArgument("threshold: \"\(shown(text))\" is no score; a number of 0 or more is")
    }
    return number
  }

  /// The value that `text` names.
  private static func choice<Value: RawRepresentable<String> & CaseIterable>(
    _ parameter: String, _ text: String, _: Value.Type
  ) throws -> Value {
    guard let value = Value(rawValue: text) else {
      let allowed = Value.allCases.map(\.rawValue).joined(separator: ", ")
      throw ServerError.badArgument("\(parameter): \"\(shown(text))\" is not allowed; allowed are \(allowed)")
    }
    return value
  }

  /// The labels of the classes that a cut-out keeps: all, unless some are named.
  private static func kept(_ texts: [String], of classes: [ClassName]) throws -> Set<UInt16> {
    let names = try texts.flatMap { try ClassName.list(parsing: $0) }.map(\.title)
    guard !names.isEmpty else { return Set(classes.indices.map { UInt16($0) }) }
    return Set(
      try names.map { name in
        guard let label = classes.firstIndex(where: { $0.title == name }) else {
          throw ServerError.badArgument("keep: \"\(shown(name))\" is none of the classes; name some of these")
        }
        return UInt16(label)
      })
  }

  /// The start of a text from a client, for an error's line.
  private static func shown(_ text: String) -> String { String(text.prefix(60)) }

  private static func background(_ text: String?, standard: Background) throws -> Background {
    switch text {
    case nil: return standard
    case "none": return .none
    case "distractors": return .distractors
    case .some(let text):
      let names = try ClassName.list(parsing: text)
      guard !names.isEmpty else {
        throw ServerError.badArgument("background: is empty; allowed are none, distractors, or names")
      }
      guard names.allSatisfy({ $0.synonyms == [$0.title] }) else {
        throw ServerError.badArgument("background: takes names alone, without synonyms")
      }
      return .names(names.map(\.title))
    }
  }
}
