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
  private let probabilities: @Sendable (MaskProposals) throws -> Tensor

  /// - Parameters:
  ///   - image: the views.
  ///   - classes: K.
  ///   - probabilities: class probabilities `[Q, K]` of a view's proposals; what it throws ends the run.
  init(
    _ image: EncodedImage, classes: Int, probabilities: @escaping @Sendable (MaskProposals) throws -> Tensor
  ) {
    (size, views, self.classes, self.probabilities) = (image.size, image.views, classes, probabilities)
  }

  /// A view made ready for the rows that it sees.
  private struct Ready {
    let view: EncodedImage.View
    let masks: MaskSampler
    let weights: Tensor  // [K, Q]
    let columns: Range<Int>
    let columnWeights: [Float]

    /// The grid's rows that the photo's `rows` are made of.
    func cells(_ rows: Range<Int>) -> Range<Int> {
      let first = view.rowShare.pixels.lowerBound
      return masks.rowCells(rows.lowerBound - first..<rows.upperBound - first)
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
    let masks = MaskSampler(
      view.proposals,
      rows: BilinearAxis(input: view.resized.height, output: size.height)
        .cropped(inputs: view.rows, outputs: rows),
      columns: view.isMirrored ? across.reversed : across)
    return Ready(
      view: view, masks: masks, weights: MaskSampler.classWeights(try probabilities(view.proposals)),
      columns: view.isMirrored ? size.width - columns.upperBound..<size.width - columns.lowerBound : columns,
      columnWeights: view.isMirrored ? view.columnShare.weights.reversed() : view.columnShare.weights)
  }

  /// Rows that all see the same views.
  private func forEachBand(
    rows: Range<Int>, of views: [Ready], workspace: Workspace,
    checkpoint: @escaping @Sendable () throws -> Void,
    _ body: @Sendable (_ scores: Matrix, _ pixels: Range<Int>) -> Void
  ) throws {
    let (threads, width) = (workspace.pool.threadCount, MaskSampler.patch.width)
    let bands = ScoreBand.bands(of: rows, width: size.width, classes: classes)
    let queries = views.map(\.masks.queries).max() ?? 0
    let gridRows = bands.map { band in
      views.reduce(0) { $0 + $1.cells(band.rows).count * $1.masks.queries }
    }
    let loop = LoopCheckpoint(checkpoint)
    workspace.scope {
      let space = workspace.matrix(threads, (gridRows.max() ?? 0) * width)
      let sigmoids = workspace.matrix(threads, queries * width)
      let scores = workspace.matrix(
        threads, classes * ScoreBand.size(width: size.width, classes: classes).count)
      workspace.pool.run(bands.count) { part, worker in
        guard loop.passes() else { return }
        let band = bands[part]
        let result = Matrix(scores.row(worker), rows: classes, columns: band.pixels.count)
        for index in 0..<classes { result.row(index).update(repeating: 0, count: band.pixels.count) }
        for columns in band.patchColumns {
          let seen = seen(band.rows, columns: columns, by: views, space: space.row(worker))
          for row in band.rows {
            let target = result.columns(band.places(row: row, columns: columns))
            for part in seen { add(part, row: row, to: target, sigmoids: sigmoids.row(worker)) }
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
    let across: Range<Int>  // the view's samples
    let start: Int  // the first one's place in the patch
    let firstCell: Int
    let gridRows: Matrix  // [rows·Q, across]
  }

  /// What each view has of a patch; `space` is for their masks.
  private func seen(
    _ rows: Range<Int>, columns: Range<Int>, by views: [Ready], space: UnsafeMutablePointer<Float>
  ) -> [Seen] {
    var space = space
    return views.compactMap { view in
      let shared = columns.clamped(to: view.columns)
      if shared.isEmpty { return nil }
      let first = view.columns.lowerBound
      let across = shared.lowerBound - first..<shared.upperBound - first
      let cells = view.cells(rows)
      let gridRows = Matrix(space, rows: cells.count * view.masks.queries, columns: across.count)
      space += gridRows.rows * gridRows.columns
      view.masks.fillGridRows(gridRows, cells: cells, columns: across)
      return Seen(
        view: view, across: across, start: shared.lowerBound - columns.lowerBound,
        firstCell: cells.lowerBound, gridRows: gridRows)
    }
  }

  /// Adds a view's weighted scores for a row of a patch to `result`, `[K, columns]`.
  private func add(
    _ part: Seen, row: Int, to result: Matrix, sigmoids: UnsafeMutablePointer<Float>
  ) {
    let (ready, across) = (part.view, part.across)
    let rowShare = ready.view.rowShare
    let down = row - rowShare.pixels.lowerBound
    let inside = Matrix(sigmoids, rows: ready.masks.queries, columns: across.count)
    ready.masks.fillSigmoids(inside, row: down, gridRows: part.gridRows, first: part.firstCell)
    let weight = rowShare.weights[down] * ready.view.weight
    ready.columnWeights.withUnsafeBufferPointer { weights in
      let weights = weights.baseAddress! + across.lowerBound
      for query in 0..<inside.rows {
        let sigmoids = inside.row(query)
        for x in 0..<inside.columns { sigmoids[x] *= weights[x] * weight }
      }
    }
    GEMM.multiply(
      ready.weights.matrix, inside, .plain, into: result.columns(part.start..<part.start + across.count),
      beta: 1)
  }
}
