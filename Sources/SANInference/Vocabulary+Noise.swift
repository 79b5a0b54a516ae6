import SANCore

extension Segmenter {
  /// `count` classes without meaning, whose embeddings are noise of unit length: what labelling costs does not depend on
  /// them.
  package func noiseVocabulary(classes count: Int) -> Vocabulary {
    let width = model.configuration.clip.embedding
    var state: UInt64 = 0
    let rows = (0...count).map { _ -> [Float] in
      var row = (0..<width).map { _ -> Float in
        // SplitMix64's step; the top 24 bits as -1 to 1.
        state &+= 0x9E37_79B9_7F4A_7C15
        var x = state
        x = (x ^ x >> 30) &* 0xBF58_476D_1CE4_E5B9
        x = (x ^ x >> 27) &* 0x94D0_49BB_1331_11EB
        return Float((x ^ x >> 31) >> 40) / 8_388_608 - 1
      }
      row.withUnsafeMutableBufferPointer { VectorMath.normalize($0.baseAddress!, width) }
      return row
    }
    return Vocabulary(
      (0..<count).map { ClassName("class \($0)") }, synonyms: .best, distractors: [], templates: .plain,
      embeddings: rows[..<count].map { CachedEmbedding(values: $0, wasTruncated: false) },
      noObject: rows[count], fingerprint: fingerprint)
  }
}
