import Synchronization

/// What a long run is doing.
public struct RunProgress: Sendable, Hashable {
  /// A part of the work.
  public enum Stage: String, Sendable, CaseIterable {
    /// Class names to embeddings.
    case text
    /// Resize and normalisation of the photo.
    case image
    /// CLIP's first blocks.
    case clip
    /// The side network.
    case side
    /// Masks and attention biases.
    case decoder
    /// CLIP's last blocks.
    case recognition
    /// Labels at the photo's size.
    case labels
  }

  /// The part that is under way.
  public let stage: Stage
  /// Steps of it that are done; of ``Stage/text`` prompts, of the others 0 as it starts.
  public let completed: Int
  /// Steps of it in all.
  public let total: Int
  /// Which view of the photo the network sees, from 0; 0 in stages that see none.
  public let view: Int
  /// Views in all; 1 in stages that see none.
  public let views: Int
}

/// How a caller watches and stops a run. Cancellation takes effect between stages, between blocks of the network, and between
/// bands of labels.
public final class RunControl: Sendable {
  private let cancelled = Atomic<Bool>(false)
  private let report: (@Sendable (RunProgress) -> Void)?

  /// A control whose `progress` is called as the run goes on, on the thread that runs it.
  public init(progress: (@Sendable (RunProgress) -> Void)? = nil) { report = progress }

  /// Ends the run with `CancellationError` at its next stage, block or band. It takes no lock, so that handlers of signals may
  /// call it. A run that waits for its turn ends as this comes; with its task it ends at once.
  public func cancel() { cancelled.store(true, ordering: .relaxed) }

  /// Reports the start of `stage`, or a step in it.
  func enter(
    _ stage: RunProgress.Stage, completed: Int = 0, total: Int = 1, view: Int = 0, views: Int = 1
  ) throws {
    try check()
    report?(RunProgress(stage: stage, completed: completed, total: total, view: view, views: views))
  }

  /// Throws `CancellationError` once the run is to end.
  func check() throws {
    if cancelled.load(ordering: .relaxed) { throw CancellationError() }
  }
}
