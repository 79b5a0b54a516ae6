import SANCore

/// Scores of classes at each pixel of the photo, made a few rows of pixels at a time.
protocol PixelScores: Sendable {
  /// The photo's size.
  var size: Grid { get }

  /// Calls `body` for every band of pixels, which follow each other in row-major order, on several threads at once: `scores`
  /// is `[K, pixels.count]`, valid during the call. What `checkpoint` throws between bands ends the run.
  func forEachBand(
    workspace: Workspace, checkpoint: @escaping @Sendable () throws -> Void,
    _ body: @Sendable (_ scores: Matrix, _ pixels: Range<Int>) -> Void
  ) throws

  /// The same with the scores, `[classes.count, pixels.count]`, of those classes alone that can be the highest of a pixel.
  func forEachLeadingStrip(
    workspace: Workspace, checkpoint: @escaping @Sendable () throws -> Void,
    _ body: @Sendable (_ scores: Matrix, _ classes: UnsafeBufferPointer<Int>, _ pixels: Range<Int>) -> Void
  ) throws
}

extension SemanticScores: PixelScores {}

/// The scores of all views of a photo, averaged by their weights.
///
/// The photo is labelled in bands of rows, each seen by the same views. Only their class probabilities and interpolation
/// tables are in memory, and nothing of size `K×H×W`, for no view.
struct BlendedScores: PixelScores {
  let size: Grid
  private let views: [EncodedImage.View]
  private let classes: Int
  private let scores: @Sendable (MaskProposals) throws -> ClassScores

  /// - Parameters:
  ///   - image: the views.
  ///   - classes: K.
  ///   - scores: what a view's proposals give every class; what it throws ends the run.
  init(
    _ image: EncodedImage, classes: Int, scores: @escaping @Sendable (MaskProposals) throws -> ClassScores
  ) {
    (size, views, self.classes, self.scores) = (image.size, image.views, classes, scores)
  }

  /// A view made ready for the rows that it sees.
  private struct Ready {
    let view: EncodedImage.View
    let scorer: PixelScorer
    let columns: Range<Int>
    let columnWeights: [Float]

    /// The photo's `rows` as the view's samples.
    func samples(_ rows: Range<Int>) -> Range<Int> {
      let first = view.rowShare.pixels.lowerBound
      return rows.lowerBound - first..<rows.upperBound - first
    }
  }

  func forEachBand(
    workspace: Workspace, checkpoint: @escaping @Sendable () throws -> Void,
    _ body: @Sendable (_ scores: Matrix, _ pixels: Range<Int>) -> Void
  ) throws {
    var ready: [Int: Ready] = [:]
    let edges = Set(views.flatMap { [$0.rowShare.pixels.lowerBound, $0.rowShare.pixels.upperBound] }).sorted()
    for (first, end) in zip(edges, edges.dropFirst()) {
      try checkpoint()
      let seen = views.indices.filter { views[$0].rowShare.pixels.contains(first) }
      ready = try seen.reduce(into: [:]) { $0[$1] = try ready[$1] ?? prepare(views[$1]) }
      try forEachBand(
        rows: first..<end, of: seen.compactMap { ready[$0] }, workspace: workspace, checkpoint: checkpoint,
        body)
    }
  }

  /// Of averages every class is scored.
  func forEachLeadingStrip(
    workspace: Workspace, checkpoint: @escaping @Sendable () throws -> Void,
    _ body: @Sendable (_ scores: Matrix, _ classes: UnsafeBufferPointer<Int>, _ pixels: Range<Int>) -> Void
  ) throws {
    let all = Array(0..<classes)
    try forEachBand(workspace: workspace, checkpoint: checkpoint) { scores, pixels in
      all.withUnsafeBufferPointer { body(scores, $0, pixels) }
    }
  }

  private func prepare(_ view: EncodedImage.View) throws -> Ready {
    let (rows, columns) = (view.rowShare.pixels, view.columnShare.pixels)
    let across = BilinearAxis(input: view.resized.width, output: size.width)
      .cropped(inputs: view.columns, outputs: columns)
    let scorer = PixelScorer(
      view.proposals, try scores(view.proposals),
      rows: BilinearAxis(input: view.resized.height, output: size.height)
        .cropped(inputs: view.rows, outputs: rows),
      columns: view.isMirrored ? across.reversed : across)
    return Ready(
      view: view, scorer: scorer,
      columns: view.isMirrored ? size.width - columns.upperBound..<size.width - columns.lowerBound : columns,
      columnWeights: view.isMirrored ? view.columnShare.weights.reversed() : view.columnShare.weights)
  }

  /// Rows that all see the same views.
  private func forEachBand(
    rows: Range<Int>, of views: [Ready], workspace: Workspace,
    checkpoint: @escaping @Sendable () throws -> Void,
    _ body: @Sendable (_ scores: Matrix, _ pixels: Range<Int>) -> Void
  ) throws {
    let threads = workspace.pool.threadCount
    let bands = ScoreBand.bands(of: rows, width: size.width, classes: classes)
    let scratch = views.map { view in
      view.scorer.scratch(bands.map { view.samples($0.rows) }, columns: 0..<view.columns.count)
    }
    let loop = LoopCheckpoint(checkpoint)
    workspace.scope {
      let space = workspace.matrix(threads, scratch.map(\.count).reduce(0, +))
      let scores = workspace.matrix(
        threads, classes * ScoreBand.size(width: size.width, classes: classes).count)
      workspace.pool.run(bands.count) { part, worker in
        guard loop.passes() else { return }
        let band = bands[part]
        let result = Matrix(scores.row(worker), rows: classes, columns: band.pixels.count)
        for index in 0..<classes { result.row(index).update(repeating: 0, count: band.pixels.count) }
        for columns in band.patchColumns {
          let seen = seen(band.rows, columns: columns, by: views, space: space.row(worker), scratch)
          for row in band.rows {
            let target = result.columns(band.places(row: row, columns: columns))
            for part in seen { add(part, row: row, to: target) }
          }
        }
        body(result, band.pixels)
      }
    }
    try loop.finish()
  }

  /// A view's part in a patch of the photo.
  private struct Seen {
    let view: Ready
    let start: Int  // its first sample's place in the patch
    let patch: PixelScorer.Patch
  }

  /// What each view has of a patch; `space` is their scratch memory.
  private func seen(
    _ rows: Range<Int>, columns: Range<Int>, by views: [Ready], space: UnsafeMutablePointer<Float>,
    _ scratch: [PixelScorer.Scratch]
  ) -> [Seen] {
    var space = space
    return zip(views, scratch).compactMap { view, scratch in
      let shared = columns.clamped(to: view.columns)
      if shared.isEmpty { return nil }
      let first = view.columns.lowerBound
      let across = shared.lowerBound - first..<shared.upperBound - first
      let patch = view.scorer.patch(rows: view.samples(rows), columns: across, space: space, scratch)
      space += scratch.count
      return Seen(view: view, start: shared.lowerBound - columns.lowerBound, patch: patch)
    }
  }

  /// Adds a view's weighted scores for a row of a patch to `result`, `[K, columns]`.
  private func add(_ part: Seen, row: Int, to result: Matrix) {
    let (ready, across) = (part.view, part.patch.columns)
    let rowShare = ready.view.rowShare
    let down = row - rowShare.pixels.lowerBound
    let inputs = ready.scorer.inputs(of: part.patch, row: down)  // [D, across]
    let weight = rowShare.weights[down] * ready.view.weight
    ready.columnWeights.withUnsafeBufferPointer { weights in
      let weights = weights.baseAddress! + across.lowerBound
      for input in 0..<inputs.rows {
        let values = inputs.row(input)
        for x in 0..<inputs.columns { values[x] *= weights[x] * weight }
      }
    }
    GEMM.multiply(
      part.patch.weights, inputs, .plain, into: result.columns(part.start..<part.start + across.count),
      beta: 1)
  }
}
