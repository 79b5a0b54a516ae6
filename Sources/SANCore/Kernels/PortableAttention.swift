import CVectorKernels

/// Attention in plain Swift, queries across the lanes, scores of one block of keys at a time; the softmax is made online.
enum PortableAttention {
  private typealias Lanes = PortableProduct.Lanes

  /// Below every score, yet finite, so that its distance to a score is a number.
  private static let lowestScore: Float = -1e30

  /// Keys, then values, each `[keys, width]`.
  static func packTokens(_ p: vk_tokens, into packed: UnsafeMutablePointer<Float>) {
    for k in 0..<p.keys {
      (packed + k * p.width).update(from: p.key + k * p.key_stride, count: p.width)
      (packed + (p.keys + k) * p.width).update(from: p.value + k * p.value_stride, count: p.width)
    }
  }

  static func attend(_ p: vk_attention) {
    for first in stride(from: 0, to: p.queries, by: PortableProduct.lanes) {
      attend(p, first: first, count: min(PortableProduct.lanes, p.queries - first))
    }
  }

  /// The queries of one strip.
  private static func attend(_ p: vk_attention, first: Int, count: Int) {
    let (lanes, width, tileRows) = (PortableProduct.lanes, p.width, PortableProduct.tileRows)
    let queries = p.scratch  // [width, 8]
    let gathered = queries + width * lanes  // [width, 8]
    let scores = gathered + width * lanes  // [keys, 8], with room for a whole tile at the end
    let part = scores + (VK_KEY_BLOCK + tileRows) * lanes  // a tile

    let log2e: Float = 1.442_695_04
    PortableProduct.packRows(
      p.query + first * p.query_stride, stride: p.query_stride, columns: count, depth: width,
      alpha: p.scale * log2e, into: queries)
    gathered.update(repeating: 0, count: width * lanes)
    var (largest, sum) = (Lanes(repeating: lowestScore), Lanes.zero)

    for start in stride(from: 0, to: p.keys, by: VK_KEY_BLOCK) {
      let keys = min(VK_KEY_BLOCK, p.keys - start)
      let key = p.tokens + 2 * start * width
      let value = key + keys * width
      for k in stride(from: 0, to: keys, by: tileRows) {
        PortableProduct.tile(
          rows: min(tileRows, keys - k), depth: width, key + k * width, rowStride: width, step: 1, queries,
          into: scores + k * lanes)
      }
      let before = largest
      for k in 0..<keys {
        let score = PortableProduct.load(scores + k * lanes)
        largest.replace(with: score, where: score .> largest)
      }
      let factor = ScalarMath.exp2(before - largest)
      var blockSum = Lanes.zero
      for k in 0..<keys {
        let e = ScalarMath.exp2(PortableProduct.load(scores + k * lanes) - largest)
        PortableProduct.store(e, scores + k * lanes)
        blockSum += e
      }
      sum = sum * factor + blockSum
      for c in stride(from: 0, to: width, by: tileRows) {
        let channels = min(tileRows, width - c)
        PortableProduct.tile(
          rows: channels, depth: keys, value + c, rowStride: 1, step: width, scores, into: part)
        for r in 0..<channels {
          let target = gathered + (c + r) * lanes
          let kept = PortableProduct.load(target) * factor
          PortableProduct.store(kept + PortableProduct.load(part + r * lanes), target)
        }
      }
    }

    let inverse = 1 / sum
    for query in 0..<count {
      let out = p.out + (first + query) * p.out_stride
      for c in 0..<width { out[c] = gathered[c * lanes + query] * inverse[query] }
    }
  }
}
