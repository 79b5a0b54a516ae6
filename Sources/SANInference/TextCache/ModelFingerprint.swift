import SANCore

/// Tells models apart: what one has made, a vocabulary or an encoded image, means nothing to another.
///
/// It is made of the configuration, the precision, the text tower's fingerprint, and what training learns beside it for every class: "no
/// object" and the scale of similarities, which change with each step. Weights are sampled, not read.
package struct ModelFingerprint: Sendable, Hashable {
  /// The model's name, for messages.
  package let name: String
  /// A SHA-256 digest.
  private let bytes: [UInt8]
  /// The part that class embeddings depend on.
  package let text: TextFingerprint

  /// The fingerprint of a model.
  package init(_ parameters: ModelParameters) {
    name = parameters.configuration.name
    text = TextFingerprint(parameters)
    var hash = SHA256()
    hash.update(text.bytes)
    hash.update(Array(parameters.configuration.json.utf8))
    if parameters.precision != .float32 { hash.update(Array(parameters.precision.rawValue.utf8)) }
    for name in [SANModel.backgroundName, SANModel.logitScaleName] {
      parameters["\(SANModel.classifierName).\(name)"].withUnsafeBufferPointer {
        hash.update(UnsafeRawBufferPointer($0))
      }
    }
    bytes = hash.finish()
  }
}
