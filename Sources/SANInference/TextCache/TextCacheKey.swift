import SANCore

/// Which embeddings are meant: those of one model with one set of templates.
package struct TextCacheKey: Sendable, Hashable {
  /// A SHA-256 digest of the model's fingerprint and the templates' sentences.
  package let bytes: [UInt8]
  /// Elements of an embedding.
  package let width: Int
  private let isPlain: Bool

  package init(fingerprint: TextFingerprint, templates: PromptTemplates, width: Int) {
    var hash = SHA256()
    hash.update(fingerprint.bytes)
    for template in templates.templates {
      hash.update(TextCacheKey.littleEndian(UInt64(template.utf8.count)))
      hash.update(Array(template.utf8))
    }
    bytes = hash.finish()
    self.width = width
    isPlain = templates.templates.allSatisfy(TextCacheKey.isPlain)
  }

  /// The digest that stands for a class.
  ///
  /// Names that the model reads alike share it, as "Cat" and "cat" do. Where cleaning a prompt could do more than lower
  /// its case and collapse its spaces, the name counts as it is written.
  package func classDigest(of name: String) -> [UInt8] {
    let isOpen = name.first == " " || name.last == " "
    let text = isPlain && TextCacheKey.isPlain(name) && !isOpen ? "=" + TextCleaning.clean(name) : "!" + name
    return SHA256.digest(Array(text.utf8))
  }

  /// The digest in letters, for a file's name.
  var hexadecimal: String { bytes.hexadecimal }

  /// Whether cleaning leaves every character of `text` in its place, but for case and spaces.
  private static func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "&") }
  }

  private static func littleEndian(_ value: UInt64) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
  }
}
