import SANCore

/// Tells text towers apart: the model's part of a cache's key.
///
/// It is made of the tower's sizes, of every weight of its small tensors, and of samples of its large ones: reading
/// all of a released model's text tower at each start would cost more than the cache saves. That is sound because
/// training moves whole tensors, not single weights: an optimiser's step, weight decay, averaging and a merged low-rank
/// update all change nearly every element of what they touch. The image tower and the side network do not count: they
/// have no part in an embedding, so models that differ in them alone share a cache. Weights count as they are computed
/// with, so a file and its conversion without loss are the same model. So does the precision of each
/// tensor, where it is not single.
///
/// Not told apart are models that differ only in a few elements or rows of a large tensor, edited by hand.
package struct TextFingerprint: Sendable, Hashable {
  /// A SHA-256 digest.
  package let bytes: [UInt8]

  /// Tensors of at most so many elements count in full.
  private static let smallCount = 4096
  /// Samples of a larger tensor, at even distances from its first element to its last; a token table has more rows that
  /// matter.
  private static let sampleCount = 16
  private static let tokenSampleCount = 256
  /// Elements of a sample.
  private static let sampleLength = 32

  /// The fingerprint of a model's text tower.
  package init(_ parameters: ModelParameters) {
    var hash = SHA256()
    let tower = "\(SANModel.classifierName)."
    let text = parameters.configuration.clip.text
    hash.update(Array("\(text.heads) \(text.contextLength) \(text.vocabularySize)\n".utf8))
    for (name, shape) in parameters.configuration.parameterShapes where name.hasPrefix(tower) {
      // "No object" and the scale of similarities come after the embeddings.
      if name == tower + SANModel.backgroundName || name == tower + SANModel.logitScaleName { continue }
      hash.update(Array("\(name) \(shape)\n".utf8))
      if parameters.precision != .float32 && !parameters.configuration.isFloat32(name) {
        hash.update(Array("\(parameters.precision.rawValue)\n".utf8))
      }
      parameters[name].withUnsafeBufferPointer { values in
        let isTable = name == "\(tower)token_embedding.weight"
        let samples = isTable ? TextFingerprint.tokenSampleCount : TextFingerprint.sampleCount
        guard values.count > max(TextFingerprint.smallCount, samples * TextFingerprint.sampleLength) else {
          return hash.update(UnsafeRawBufferPointer(values))
        }
        let last = values.count - TextFingerprint.sampleLength
        for sample in 0..<samples {
          let start = last / (samples - 1) * sample + last % (samples - 1) * sample / (samples - 1)
          let part = values[start..<start + TextFingerprint.sampleLength]
          hash.update(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: part)))
        }
      }
    }
    bytes = hash.finish()
  }
}
