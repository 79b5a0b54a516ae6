/// What each mask gives every class, and in a hybrid model each of CLIP's place tokens: with the masks themselves, all that a
/// pixel's scores are made of.
public struct ClassScores: Sendable {
  /// Of each mask, `[Q, K]`; none is negative.
  public let masks: Tensor
  /// Of each place, `[h·w, K]`, on ``MaskProposals/Places/grid``; nil where places have no part of their own.
  public let places: Tensor?

  /// The scores of masks alone, `[Q, K]`: the paper's.
  public init(masks: Tensor) { self.init(masks: masks, places: nil) }

  /// The scores of masks, `[Q, K]`, and of places, `[h·w, K]`.
  public init(masks: Tensor, places: Tensor?) {
    precondition(places == nil || places!.shape[1] == masks.shape[1], "the same classes")
    (self.masks, self.places) = (masks, places)
  }

  /// Scores of class logits: those of `proposals`, `[Q, K + 1]`, and where the model has place tokens, of these,
  /// `[h·w, K + 1]`; "no object" last in both.
  ///
  /// A mask gives a class `mask·p + maskMean·(1 − p("no object"))·mean`, where the mean is that of the places' probabilities over
  /// the mask.
  public init(
    _ logits: Tensor, places: Tensor? = nil, of proposals: MaskProposals, dense: SANConfiguration.Dense
  ) {
    let own = ClassScores.probabilities(logits)  // [Q, K]
    guard let known = proposals.places, let places, dense.usesPlaces else {
      self.init(masks: dense.mask == 1 ? own : own.scaled(by: Float(dense.mask)))
      return
    }
    let probabilities = ClassScores.probabilities(places)  // [h·w, K]
    let (queries, classes) = (own.shape[0], own.shape[1])
    let masks = Tensor(shape: [queries, classes]) { out in
      let means = Matrix(out.baseAddress!, rows: queries, columns: classes)
      GEMM.multiply(known.shares.matrix, probabilities.matrix, .plain, into: means)  // [Q, K]
      own.withUnsafeBufferPointer { own in
        for query in 0..<queries {
          let p = UnsafeBufferPointer(rebasing: own[query * classes..<(query + 1) * classes])
          let mean = means.row(query)
          let object = Float(dense.maskMean) * p.reduce(0, +)
          for index in 0..<classes { mean[index] = Float(dense.mask) * p[index] + object * mean[index] }
        }
      }
    }
    self.init(
      masks: masks, places: dense.places > 0 ? probabilities.scaled(by: Float(dense.places)) : nil)
  }

  /// Probabilities `[rows, K]` of logits `[rows, K + 1]`: the softmax over classes and "no object", the last column dropped.
  static func probabilities(_ logits: Tensor) -> Tensor {
    let (rows, columns) = (logits.shape[0], logits.shape[1])
    return Tensor(shape: [rows, columns - 1]) { out in
      var row = [Float](repeating: 0, count: columns)
      for index in 0..<rows {
        row.withUnsafeMutableBufferPointer { row in
          row.baseAddress!.update(from: logits.pointer + index * columns, count: columns)
          VectorMath.softmax(row.baseAddress!, columns)
          (out.baseAddress! + index * (columns - 1)).update(from: row.baseAddress!, count: columns - 1)
        }
      }
    }
  }
}

extension Tensor {
  /// All elements times `factor`.
  fileprivate func scaled(by factor: Float) -> Tensor {
    Tensor(shape: shape) { out in
      withUnsafeBufferPointer { for (index, value) in $0.enumerated() { out[index] = value * factor } }
    }
  }
}
