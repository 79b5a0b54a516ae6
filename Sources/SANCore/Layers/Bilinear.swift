/// Where the samples of one axis of a bilinear resize come from: half-pixel centres, no antialiasing, edges clamped.
package struct BilinearAxis: Sendable {
  /// The nearer-to-zero source sample of each output sample.
  package let lower: [Int]
  /// The other one; equal to `lower` at the far edge.
  package let upper: [Int]
  /// The weight of `upper`.
  package let weight: [Float]

  /// Maps `output` samples to `input` samples. The source coordinate is `(i + 0.5)·step − 0.5`, held at 0 or above.
  ///
  /// `step` is the ratio of the sizes, or given where the field resizes by a factor of its own.
  package init(input: Int, output: Int, step: Float? = nil) {
    let step = step ?? Float(input) / Float(output)
    var lower = [Int](repeating: 0, count: output)
    var upper = lower
    var weight = [Float](repeating: 0, count: output)
    for index in 0..<output {
      // Rounded once, as the reference does: near 600 the positions are multiples of 6e-5, which shows in CLIP's input.
      let source = max(0, Float(-0.5).addingProduct(step, Float(index) + 0.5))
      lower[index] = min(Int(source), input - 1)
      upper[index] = min(lower[index] + 1, input - 1)
      weight[index] = source - Float(lower[index])
    }
    (self.lower, self.upper, self.weight) = (lower, upper, weight)
  }

  private init(lower: [Int], upper: [Int], weight: [Float]) {
    (self.lower, self.upper, self.weight) = (lower, upper, weight)
  }

  package var count: Int { lower.count }

  /// The samples from the last to the first: a mirrored axis.
  package var reversed: BilinearAxis {
    BilinearAxis(lower: lower.reversed(), upper: upper.reversed(), weight: weight.reversed())
  }

  /// The samples `outputs` alone, of a part `inputs` of the source: positions count from the part's start and are held
  /// within it.
  package func cropped(inputs: Range<Int>, outputs: Range<Int>) -> BilinearAxis {
    func within(_ position: Int) -> Int {
      min(max(position, inputs.lowerBound), inputs.upperBound - 1) - inputs.lowerBound
    }
    return BilinearAxis(
      lower: lower[outputs].map(within), upper: upper[outputs].map(within), weight: Array(weight[outputs]))
  }
}

/// Bilinear resizes of the two layouts that the model has: planes (images, masks) and tokens (features).
package enum Bilinear {
  /// Resizes one plane of `width` columns into `out`, row after row.
  package static func plane(
    _ plane: UnsafePointer<Float>, width: Int, rows: BilinearAxis, columns: BilinearAxis,
    into out: UnsafeMutablePointer<Float>
  ) {
    for y in 0..<rows.count {
      let top = plane + rows.lower[y] * width
      let bottom = plane + rows.upper[y] * width
      row(top, bottom, weight: rows.weight[y], columns: columns, into: out + y * columns.count)
    }
  }

  /// One output row between the source rows `top` and `bottom`, the latter with `weight`.
  @inline(__always)
  static func row(
    _ top: UnsafePointer<Float>, _ bottom: UnsafePointer<Float>, weight v: Float, columns: BilinearAxis,
    into out: UnsafeMutablePointer<Float>
  ) {
    columns.lower.withUnsafeBufferPointer { lower in
      columns.upper.withUnsafeBufferPointer { upper in
        columns.weight.withUnsafeBufferPointer { weight in
          for x in 0..<lower.count {
            let (a, b, w) = (lower[x], upper[x], weight[x])
            let upperEdge = top[a] * (1 - w) + top[b] * w
            let lowerEdge = bottom[a] * (1 - w) + bottom[b] * w
            out[x] = upperEdge * (1 - v) + lowerEdge * v
          }
        }
      }
    }
  }

  /// Adds a map of tokens, resized from `from` to `to` (rows and columns of the grids), to `out`.
  ///
  /// `tokens` is `[from.height·from.width, C]`, `out` is `[to.height·to.width, C]`.
  package static func addTokens(_ tokens: Matrix, from: Grid, into out: Matrix, to: Grid, pool: ThreadPool) {
    precondition(
      tokens.rows == from.count && out.rows == to.count && tokens.columns == out.columns, "sizes agree")
    let rows = BilinearAxis(input: from.height, output: to.height)
    let columns = BilinearAxis(input: from.width, output: to.width)
    let channels = tokens.columns
    pool.runRanges(to.height, grain: 4) { range, _ in
      for y in range {
        let (top, bottom, v) = (rows.lower[y] * from.width, rows.upper[y] * from.width, rows.weight[y])
        for x in 0..<to.width {
          let (left, right, w) = (columns.lower[x], columns.upper[x], columns.weight[x])
          let (a, b) = (tokens.row(top + left), tokens.row(top + right))
          let (c, d) = (tokens.row(bottom + left), tokens.row(bottom + right))
          let target = out.row(y * to.width + x)
          for channel in 0..<channels {
            let upperEdge = a[channel] * (1 - w) + b[channel] * w
            let lowerEdge = c[channel] * (1 - w) + d[channel] * w
            target[channel] += upperEdge * (1 - v) + lowerEdge * v
          }
        }
      }
    }
  }
}
