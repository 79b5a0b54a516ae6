import SANCore

/// Scores of classes at each pixel of the photo, made a strip of pixels at a time.
protocol StripScores: Sendable {
  /// The photo's size.
  var size: Grid { get }

  /// Calls `body` for every strip, on several threads at once: `scores` is `[K, columns.count]`, valid during the call.
  func forEachStrip(
    workspace: Workspace, _ body: @Sendable (_ row: Int, _ columns: Range<Int>, _ scores: Matrix) -> Void
  ) throws

  /// The same with the scores, `[classes.count, columns.count]`, of those classes alone that can be the highest of a pixel.
  func forEachLeadingStrip(
    workspace: Workspace,
    _ body:
      @Sendable (
        _ row: Int, _ columns: Range<Int>, _ classes: UnsafeBufferPointer<Int>, _ scores: Matrix
      ) -> Void
  ) throws
}

extension SemanticScores: StripScores {}

/// The scores of all views of a photo, averaged by their weights.
///
/// The photo is labelled in bands of rows, each seen by the same views. Only their class probabilities and interpolation
/// tables are in memory, and nothing of size `K×H×W`, for no view.
struct BlendedScores: StripScores {
  let size: Grid
  private let views: [EncodedImage.View]
  private let classes: Int
  private let probabilities: @Sendable (MaskProposals) -> Tensor
  private let checkpoint: @Sendable () throws -> Void

  /// - Parameters:
  ///   - image: the views.
  ///   - classes: K.
  ///   - probabilities: class probabilities `[Q, K]` of a view's proposals.
  ///   - checkpoint: called between bands; what it throws ends the run.
  init(
    _ image: EncodedImage, classes: Int, checkpoint: @escaping @Sendable () throws -> Void,
    probabilities: @escaping @Sendable (MaskProposals) -> Tensor
  ) {
    (size, views, self.classes) = (image.size, image.views, classes)
    (self.probabilities, self.checkpoint) = (probabilities, checkpoint)
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

  func forEachStrip(
    workspace: Workspace, _ body: @Sendable (_ row: Int, _ columns: Range<Int>, _ scores: Matrix) -> Void
  ) throws {
    var ready: [Int: Ready] = [:]
    let edges = Set(views.flatMap { [$0.rowShare.pixels.lowerBound, $0.rowShare.pixels.upperBound] }).sorted()
    for (first, end) in zip(edges, edges.dropFirst()) {
      try checkpoint()
      let seen = views.indices.filter { views[$0].rowShare.pixels.contains(first) }
      ready = seen.reduce(into: [:]) { $0[$1] = ready[$1] ?? prepare(views[$1]) }
      forEachStrip(rows: first..<end, of: seen.compactMap { ready[$0] }, workspace: workspace, body)
    }
  }

  /// Of averages every class is scored.
  func forEachLeadingStrip(
    workspace: Workspace,
    _ body:
      @Sendable (
        _ row: Int, _ columns: Range<Int>, _ classes: UnsafeBufferPointer<Int>, _ scores: Matrix
      ) -> Void
  ) throws {
    let all = Array(0..<classes)
    try forEachStrip(workspace: workspace) { row, columns, scores in
      all.withUnsafeBufferPointer { body(row, columns, $0, scores) }
    }
  }

  private func prepare(_ view: EncodedImage.View) -> Ready {
    let (rows, columns) = (view.rowShare.pixels, view.columnShare.pixels)
    let across = BilinearAxis(input: view.resized.width, output: size.width)
      .cropped(inputs: view.columns, outputs: columns)
    let masks = MaskSampler(
      view.proposals,
      rows: BilinearAxis(input: view.resized.height, output: size.height)
        .cropped(inputs: view.rows, outputs: rows),
      columns: view.isMirrored ? across.reversed : across)
    return Ready(
      view: view, masks: masks, weights: MaskSampler.classWeights(probabilities(view.proposals)),
      columns: view.isMirrored ? size.width - columns.upperBound..<size.width - columns.lowerBound : columns,
      columnWeights: view.isMirrored ? view.columnShare.weights.reversed() : view.columnShare.weights)
  }

  /// Rows that all see the same views.
  private func forEachStrip(
    rows: Range<Int>, of views: [Ready], workspace: Workspace,
    _ body: @Sendable (_ row: Int, _ columns: Range<Int>, _ scores: Matrix) -> Void
  ) {
    let (pool, threads) = (workspace.pool, workspace.pool.threadCount)
    let patch = MaskSampler.patch
    let bands = stride(from: rows.lowerBound, to: rows.upperBound, by: patch.height).map {
      $0..<min($0 + patch.height, rows.upperBound)
    }
    let queries = views.map(\.masks.queries).max() ?? 0
    let gridRows = bands.map { band in views.reduce(0) { $0 + $1.cells(band).count * $1.masks.queries } }
    workspace.scope {
      let space = workspace.matrix(threads, (gridRows.max() ?? 0) * patch.width)
      let sigmoids = workspace.matrix(threads, queries * patch.width)
      let scores = workspace.matrix(threads, classes * patch.width)
      pool.run(bands.count) { part, worker in
        for start in stride(from: 0, to: size.width, by: patch.width) {
          let columns = start..<min(start + patch.width, size.width)
          let result = Matrix(scores.row(worker), rows: classes, columns: columns.count)
          let seen = seen(bands[part], columns: columns, by: views, space: space.row(worker))
          for row in bands[part] {
            for index in 0..<classes { result.row(index).update(repeating: 0, count: columns.count) }
            for part in seen { add(part, row: row, to: result, sigmoids: sigmoids.row(worker)) }
            body(row, columns, result)
          }
        }
      }
    }
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
