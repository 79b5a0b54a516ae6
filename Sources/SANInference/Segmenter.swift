import SANCore
import SANWeights
import Synchronization

/// Labels the pixels of photos with classes named in words.
///
/// ```swift
/// let segmenter = try Segmenter()
/// let vocabulary = try segmenter.vocabulary(["cat", "dog"])
/// let result = try segmenter.segment(RGBImage(contentsOf: "photo.jpg"), vocabulary: vocabulary)
/// ```
///
/// A model is loaded once and a vocabulary made once; both serve any number of images, from any number of threads. Each
/// call has an `async` form, which leaves Swift's own threads free and is cancelled with its task; so many of these run at
/// once as ``maximumConcurrentRuns`` says.
public final class Segmenter: Sendable {
  /// The network.
  public let model: any SegmentationModel
  /// The short name in the model's configuration.
  public var name: String { model.configuration.name }
  /// The model file.
  public let path: String
  /// In what the network computes.
  public let precision: Precision

  private let tokenizerOnceMade = Mutex<Tokenizer?>(nil)
  let textCache: TextCache?
  /// Tells whose vocabularies and encoded images are the model's own.
  let fingerprint: ModelFingerprint
  /// How many of the `async` calls run at once; the others wait, in the order in which they came.
  public let maximumConcurrentRuns: Int
  let gate: RunGate
  private let pool: ThreadPool
  private let workspaces: WorkspacePool

  /// What a number of threads may be.
  public static let allowedThreads = 1...1024
  /// What ``maximumConcurrentRuns`` may be.
  public static let allowedConcurrentRuns = 1...1024
  /// ``maximumConcurrentRuns`` where none is given: one run has all threads in the network's loops, and a second one uses
  /// what the first leaves idle between them.
  public static let defaultConcurrentRuns = 2
  /// Scratch memory that is kept for runs to come, in bytes: enough for two photos at the size of a released model.
  private static let keptBytes = 1 << 30

  /// Loads a model.
  ///
  /// - Parameters:
  ///   - source: the embedded model, or a file.
  ///   - configuration: the path of a `config.json`, where it does not lie beside or inside the model file.
  ///   - precision: in what the network computes. Labels of another than single precision differ in a few pixels.
  ///   - threads: one for each processor that the process may run on where it is nil.
  ///   - textCache: where class embeddings are kept; where it is nil no file is written, and all are computed but those
  ///     that come with the package.
  ///   - maximumConcurrentRuns: how many of the `async` calls run at once.
  /// - Throws: ``ModelStoreError`` where no model of the name is installed; `FileError`, `CheckpointError`,
  ///   `ConfigurationError` or `ParameterError` where the file is not there or no such model; `ResourceError` where the
  ///   package's own files are missing; ``SegmenterError`` where a number is out of range.
  public convenience init(
    model source: ModelSource = .embedded, configuration: String? = nil, precision: Precision = .float32,
    threads: Int? = nil, textCache: TextCache? = nil,
    maximumConcurrentRuns: Int = Segmenter.defaultConcurrentRuns
  ) throws {
    let path = try source.filePath()
    let checkpoint = try Checkpoint.open(path: path)
    let parameters = try ModelParameters(
      checkpoint: checkpoint, configuration: SANConfiguration.find(for: checkpoint, path: configuration),
      precision: precision)
    try self.init(
      SANModel(parameters), fingerprint: ModelFingerprint(parameters), path: path, precision: precision,
      threads: threads, textCache: textCache, maximumConcurrentRuns: maximumConcurrentRuns)
  }

  /// A segmenter of a model that is loaded.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - fingerprint: tells it from others.
  ///   - path: the file that it was read from, for errors.
  ///   - precision: in what it computes.
  ///   - threads: one for each processor that the process may run on where it is nil.
  ///   - textCache: where class embeddings are kept, if anywhere.
  ///   - maximumConcurrentRuns: how many of the `async` calls run at once.
  /// - Throws: ``SegmenterError`` where a number is out of range.
  package init(
    _ model: any SegmentationModel, fingerprint: ModelFingerprint, path: String,
    precision: Precision = .float32, threads: Int? = nil, textCache: TextCache? = nil,
    maximumConcurrentRuns: Int = Segmenter.defaultConcurrentRuns
  ) throws(SegmenterError) {
    if let threads, !Segmenter.allowedThreads.contains(threads) { throw .threads(threads) }
    guard Segmenter.allowedConcurrentRuns.contains(maximumConcurrentRuns) else {
      throw .concurrentRuns(maximumConcurrentRuns)
    }
    (self.model, self.fingerprint, self.path, self.textCache) = (model, fingerprint, path, textCache)
    (self.precision, self.maximumConcurrentRuns) = (precision, maximumConcurrentRuns)
    gate = RunGate(limit: maximumConcurrentRuns)
    pool = ThreadPool(threads: threads)
    workspaces = WorkspacePool(
      threads: pool, maximumCount: maximumConcurrentRuns, maximumBytes: Segmenter.keptBytes)
  }

  /// Threads that a run uses.
  public var threads: Int { pool.threadCount }

  /// The length to which the short side of a photo is resized unless a call says otherwise, in pixels.
  public var defaultShortSide: Int { model.configuration.input.shortSide }

  // MARK: Images

  /// Runs the network on a photo, whatever the vocabulary.
  ///
  /// - Parameters:
  ///   - image: the photo.
  ///   - shortSide: length in pixels, 1 to ``ImageLimits/side``, to which its short side is resized; the model's own where it is nil.
  ///   - resampling: how it is resized.
  ///   - views: how often the network sees it, and in what shapes.
  ///   - control: watches and stops the run.
  /// - Throws: ``SegmenterError``, ``ViewOptionsError``, `CancellationError`, or `ParameterError` where the model's numbers
  ///   overflow.
  public func encode(
    _ image: RGBImage, shortSide: Int? = nil, resampling: ResamplingFilter = .bicubic,
    views: ViewOptions = .one, control: RunControl = RunControl()
  ) throws -> EncodedImage {
    let side = shortSide ?? defaultShortSide
    guard (1...ImageLimits.side).contains(side) else { throw SegmenterError.shortSide(side) }
    let plan = try ViewPlan(photo: image, options: views) { scale in
      try TargetSize.demo(
        width: image.width, height: image.height, shortSide: ViewOptions.length(side, scale: scale))
    }
    return try encode(image, plan: plan, resampling: resampling, control: control)
  }

  /// Runs the network on a photo resized to exactly `target`, such as
  /// ``TargetSize/evaluation(width:height:shortSide:longSideLimit:)``, and to both its sides times each scale of `views`.
  ///
  /// - Throws: ``ViewOptionsError``, `CancellationError`, or `ParameterError` where the model's numbers overflow.
  public func encode(
    _ image: RGBImage, resizedTo target: TargetSize, resampling: ResamplingFilter = .bicubic,
    views: ViewOptions = .one, control: RunControl = RunControl()
  ) throws -> EncodedImage {
    let plan = try ViewPlan(photo: image, options: views) { scale in
      try TargetSize(
        width: ViewOptions.length(target.width, scale: scale),
        height: ViewOptions.length(target.height, scale: scale))
    }
    return try encode(image, plan: plan, resampling: resampling, control: control)
  }

  private func encode(
    _ image: RGBImage, plan: ViewPlan, resampling: ResamplingFilter, control: RunControl
  ) throws -> EncodedImage {
    var clock = StageClock()
    var encoded: [EncodedImage.View] = []
    for sheet in plan.sheets {
      try control.enter(.image, view: encoded.count, views: plan.viewCount)
      clock.enter(.image)
      let resized = try image.resized(to: sheet.size, filter: resampling) { count, body in
        pool.run(count) { part, _ in body(part) }
      }
      for cut in sheet.cuts {
        clock.enter(.image)
        let proposals = try proposals(of: resized.cropped(cut), control: control) { stage in
          try control.enter(stage.progress, view: encoded.count, views: plan.viewCount)
          clock.enter(stage.progress)
        }
        clock.finish()
        encoded.append(EncodedImage.View(proposals: proposals, resized: sheet.size, cut: cut))
      }
    }
    return EncodedImage(
      views: encoded, size: Grid(height: image.height, width: image.width), missing: image.missing,
      timings: clock.timings, fingerprint: fingerprint)
  }

  /// Runs the network on a picture of the size that it is to see.
  private func proposals(
    of picture: RGBImage, control: RunControl, enter: (EncodingStage) throws -> Void
  ) throws -> MaskProposals {
    try withWorkspace { workspace in
      try workspace.scope {
        let size = Grid(height: picture.height, width: picture.width)
        let input = picture.pixels.withUnsafeBufferPointer {
          ImageNormalization.normalize(
            $0.baseAddress!, size: size, input: model.configuration.input, workspace: workspace)
        }  // [3, H, W]
        let proposals = try model.encode(
          input, workspace: workspace, enter: enter, checkpoint: control.check)
        try check(proposals.logits)
        try check(proposals.embeddings)
        if let places = proposals.places { try check(places.embeddings) }
        return proposals
      }
    }
  }

  /// Throws where the network has made infinities or NaN: weights can be finite, each, and still be damaged.
  func check(_ output: Tensor) throws {
    if !output.isFinite { throw ParameterError.overflow(file: path) }
  }

  /// CLIP's tokenizer, made when it is first needed: names whose embeddings are known need none.
  func tokenizer() throws -> Tokenizer {
    try tokenizerOnceMade.withLock { made in
      if let made { return made }
      let merges = try MappedFile.contents(of: SANWeights.mergesPath(), limit: 16 << 20)
      let tokenizer = try Tokenizer(
        merges: merges, vocabularySize: model.configuration.clip.text.vocabularySize)
      made = tokenizer
      return tokenizer
    }
  }

  /// Lends `body` a workspace that no other run uses.
  func withWorkspace<R>(_ body: (Workspace) throws -> R) rethrows -> R {
    try workspaces.withWorkspace(body)
  }
}

extension EncodingStage {
  /// The stage as progress reports it.
  fileprivate var progress: RunProgress.Stage {
    switch self {
    case .clip: .clip
    case .side: .side
    case .decoder: .decoder
    case .recognition: .recognition
    }
  }
}
