import SANCore

/// Scores of classes at each pixel of the photo, made a strip of pixels at a time.
protocol StripScores: Sendable {
  /// The photo's size.
  var size: Grid { get }

  /// Calls `body` for every strip, on several threads at once: `scores` is `[K, columns.count]`, valid during the call.
  func forEachStrip(
    workspace: Workspace, _ body: (_ row: Int, _ columns: Range<Int>, _ scores: Matrix) -> Void
  ) throws

  /// The same with the scores, `[classes.count, columns.count]`, of those classes alone that can be the highest of a pixel.
  func forEachLeadingStrip(
    workspace: Workspace,
    _ body: (_ row: Int, _ columns: Range<Int>, _ classes: UnsafeBufferPointer<Int>, _ scores: Matrix) -> Void
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
  }

  func forEachStrip(
    workspace: Workspace, _ body: (_ row: Int, _ columns: Range<Int>, _ scores: Matrix) -> Void
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
    _ body: (_ row: Int, _ columns: Range<Int>, _ classes: UnsafeBufferPointer<Int>, _ scores: Matrix) -> Void
  ) throws {
    let all = Array(0..<classes)
    try all.withUnsafeBufferPointer { all in
      try forEachStrip(workspace: workspace) { body($0, $1, all, $2) }
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
    _ body: (_ row: Int, _ columns: Range<Int>, _ scores: Matrix) -> Void
  ) {
    let queries = views.map(\.masks.queries).max() ?? 0
    let width = views.map(\.masks.grid.width).max() ?? 0
    let pool = workspace.pool
    workspace.scope {
      let strip = SemanticScores.strip
      let cells = workspace.matrix(pool.threadCount * queries, width)
      let sigmoids = workspace.matrix(pool.threadCount * queries, strip)
      let scores = workspace.matrix(pool.threadCount * classes, strip)
      pool.run(rows.count) { part, worker in
        let row = rows.lowerBound + part
        let cells = cells.rows(worker * queries..<(worker + 1) * queries)
        let sigmoids = sigmoids.rows(worker * queries..<(worker + 1) * queries)
        for start in stride(from: 0, to: size.width, by: strip) {
          let columns = start..<min(start + strip, size.width)
          let result = scores.rows(worker * classes..<(worker + 1) * classes).columns(0..<columns.count)
          for index in 0..<classes { result.row(index).update(repeating: 0, count: columns.count) }
          for view in views {
            add(view, row: row, columns: columns, to: result, cells: cells, sigmoids: sigmoids)
          }
          body(row, columns, result)
        }
      }
    }
  }

  /// Adds a view's weighted scores for the photo's pixels `columns` of a row to `result`, `[K, columns]`.
  private func add(
    _ ready: Ready, row: Int, columns: Range<Int>, to result: Matrix, cells: Matrix, sigmoids: Matrix
  ) {
    let shared = columns.clamped(to: ready.columns)
    if shared.isEmpty { return }
    let rowShare = ready.view.rowShare
    let down = row - rowShare.pixels.lowerBound
    let across = shared.lowerBound - ready.columns.lowerBound..<shared.upperBound - ready.columns.lowerBound
    let masks = ready.masks
    let cells = cells.rows(0..<masks.queries).columns(0..<masks.grid.width)
    let inside = sigmoids.rows(0..<masks.queries).columns(0..<shared.count)
    masks.fillCells(cells, row: down, columns: masks.cells(across))  // [Q, w]
    masks.fillSigmoids(inside, cells: cells, columns: across)  // [Q, shared]
    let weight = rowShare.weights[down] * ready.view.weight
    ready.columnWeights.withUnsafeBufferPointer { weights in
      let weights = weights.baseAddress! + across.lowerBound
      for query in 0..<inside.rows {
        let sigmoids = inside.row(query)
        for x in 0..<inside.columns { sigmoids[x] *= weights[x] * weight }
      }
    }
    let start = shared.lowerBound - columns.lowerBound
    GEMM.multiply(
      ready.weights.matrix, inside, .plain, into: result.columns(start..<start + shared.count), beta: 1)
  }
}
