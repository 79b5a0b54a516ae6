/// The sentences that a class name is put into before it is encoded; the embeddings of all of them make the
/// class.
///
/// A template has a `{}` where the name belongs (all of them, where there are several).
///
///     PromptTemplates.vild.prompts(for: "cat").first  // "a photo of a cat."
public struct PromptTemplates: Sendable, Hashable {
  /// What the set is called: `vild`, `imagenet`, `plain` or `custom`.
  public let name: String
  /// The templates, in order; at least one.
  public let templates: [String]

  /// A set of one's own.
  ///
  /// - Parameter templates: At least one, each with a `{}`.
  /// - Throws: ``PromptTemplatesError`` where there is none, or one is without `{}`.
  public init(_ templates: [String]) throws(PromptTemplatesError) {
    guard !templates.isEmpty else { throw .noTemplates }
    for template in templates where Self.pieces(of: template).count < 2 {
      throw .noPlaceholder(template: template)
    }
    self.init(name: "custom", templates: templates)
  }

  /// A set of one's own, one template a line; empty lines do not count.
  ///
  /// - Throws: ``PromptTemplatesError`` where there is none, or one is without `{}`.
  public init(lines text: some StringProtocol) throws(PromptTemplatesError) {
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
    try self.init(lines.map { String($0) })
  }

  /// One of ``PromptTemplates/named``, by its name.
  ///
  /// - Throws: ``PromptTemplatesError/unknownName(_:)``.
  public init(named name: String) throws(PromptTemplatesError) {
    guard let set = Self.named.first(where: { $0.name == name }) else { throw .unknownName(name) }
    self = set
  }

  private init(name: String, templates: [String]) {
    self.name = name
    self.templates = templates
  }

  /// The templates with a class name in them, in order.
  public func prompts(for className: String) -> [String] {
    // The template is cut first: a name may hold `{}` itself.
    templates.map { Self.pieces(of: $0).joined(separator: className) }
  }

  /// The sets that have a name.
  public static let named: [PromptTemplates] = [vild, imagenet, plain]

  /// Nothing but the name.
  public static let plain = PromptTemplates(name: "plain", templates: ["{}"])

  /// The 14 templates of ViLD that SAN was trained and measured with.
  public static let vild = PromptTemplates(
    name: "vild",
    templates: [
      "a photo of a {}.",
      "This is a photo of a {}",
      "There is a {} in the scene",
      "There is the {} in the scene",
      "a photo of a {} in the scene",
      "a photo of a small {}.",
      "a photo of a medium {}.",
      "a photo of a large {}.",
      "This is a photo of a small {}.",
      "This is a photo of a medium {}.",
      "This is a photo of a large {}.",
      "There is a small {} in the scene.",
      "There is a medium {} in the scene.",
      "There is a large {} in the scene.",
    ])

  /// The 80 templates that CLIP's authors use for ImageNet.
  public static let imagenet = PromptTemplates(
    name: "imagenet",
    templates: [
      "a bad photo of a {}.",
      "a photo of many {}.",
      "a sculpture of a {}.",
      "a photo of the hard to see {}.",
      "a low resolution photo of the {}.",
      "a rendering of a {}.",
      "graffiti of a {}.",
      "a bad photo of the {}.",
      "a cropped photo of the {}.",
      "a tattoo of a {}.",
      "the embroidered {}.",
      "a photo of a hard to see {}.",
      "a bright photo of a {}.",
      "a photo of a clean {}.",
      "a photo of a dirty {}.",
      "a dark photo of the {}.",
      "a drawing of a {}.",
      "a photo of my {}.",
      "the plastic {}.",
      "a photo of the cool {}.",
      "a close-up photo of a {}.",
      "a black and white photo of the {}.",
      "a painting of the {}.",
      "a painting of a {}.",
      "a pixelated photo of the {}.",
      "a sculpture of the {}.",
      "a bright photo of the {}.",
      "a cropped photo of a {}.",
      "a plastic {}.",
      "a photo of the dirty {}.",
      "a jpeg corrupted photo of a {}.",
      "a blurry photo of the {}.",
      "a photo of the {}.",
      "a good photo of the {}.",
      "a rendering of the {}.",
      "a {} in a video game.",
      "a photo of one {}.",
      "a doodle of a {}.",
      "a close-up photo of the {}.",
      "a photo of a {}.",
      "the origami {}.",
      "the {} in a video game.",
      "a sketch of a {}.",
      "a doodle of the {}.",
      "a origami {}.",
      "a low resolution photo of a {}.",
      "the toy {}.",
      "a rendition of the {}.",
      "a photo of the clean {}.",
      "a photo of a large {}.",
      "a rendition of a {}.",
      "a photo of a nice {}.",
      "a photo of a weird {}.",
      "a blurry photo of a {}.",
      "a cartoon {}.",
      "art of a {}.",
      "a sketch of the {}.",
      "a embroidered {}.",
      "a pixelated photo of a {}.",
      "itap of the {}.",
      "a jpeg corrupted photo of the {}.",
      "a good photo of a {}.",
      "a plushie {}.",
      "a photo of the nice {}.",
      "a photo of the small {}.",
      "a photo of the weird {}.",
      "the cartoon {}.",
      "art of the {}.",
      "a drawing of the {}.",
      "a photo of the large {}.",
      "a black and white photo of a {}.",
      "the plushie {}.",
      "a dark photo of a {}.",
      "itap of a {}.",
      "graffiti of the {}.",
      "a toy {}.",
      "itap of my {}.",
      "a photo of a cool {}.",
      "a photo of a small {}.",
      "a tattoo of the {}.",
    ])

  /// What stands before, between and after the placeholders.
  private static func pieces(of template: String) -> [String] {
    var pieces = [""]
    var rest = Array(template.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      if scalar == "{", rest.first == "}" {
        rest.removeFirst()
        pieces.append("")
      } else {
        pieces[pieces.count - 1].unicodeScalars.append(scalar)
      }
    }
    return pieces
  }
}

/// What can be wrong with a set of templates.
public enum PromptTemplatesError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no set of this name.
  case unknownName(String)
  /// The set is empty.
  case noTemplates
  /// A template has no `{}`.
  case noPlaceholder(template: String)

  /// One plain line.
  public var description: String {
    switch self {
    case .unknownName(let name):
      let known = PromptTemplates.named.map(\.name).joined(separator: ", ")
      return "no templates named \(name.debugDescription); there are \(known)"
    case .noTemplates:
      return "a set of templates needs one template at least"
    case .noPlaceholder(let template):
      return "the template \(template.debugDescription) has no {} where the class name belongs"
    }
  }
}
