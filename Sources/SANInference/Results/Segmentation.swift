import SANCore

/// What an image holds of a vocabulary.
public struct Segmentation: Sendable {
  /// One class's part of the image.
  public struct ClassResult: Sendable, Hashable {
    /// The class's name as given.
    public let name: String
    /// Its label: its index in the vocabulary, or ``LabelMap/other``.
    public let label: UInt16
    /// Pixels that it won.
    public let pixels: Int
    /// ``pixels`` as a share of the image, 0 to 1.
    public let coverage: Double
    /// The mean of its score over those pixels; 0 where it won none. A score can exceed 1.
    public let meanScore: Double
  }

  /// A class for each pixel, at the photo's size.
  public let labels: LabelMap
  /// The user's classes in the order given, whether found or not.
  public let classes: [ClassResult]
  /// What distractors won or what stayed below the threshold; nil where nothing else was allowed.
  public let other: ClassResult?
  /// How sure the labels are, by the image's first view; nil where that was not asked for, where the view was a window, or
  /// where there is but one label.
  public let doubt: Doubt?
  /// Scores of the user's classes, `[K, height, width]`, where asked for.
  public let scores: Tensor?
  /// The mask proposals of the image's first view: the only one unless ``ViewOptions`` asked for more. Those of the others
  /// are in ``EncodedImage/views``.
  public let proposals: MaskProposals
  /// These proposals' class logits, `[Q, classes + distractors + 1]`, "no object" last.
  public let classLogits: Tensor
  /// The time that each stage took, all views together.
  public let timings: Timings
}

/// Durations by stage, in the order of the run; a stage that ran several times has the sum.
public struct Timings: Sendable {
  /// A stage's name and the time that it took.
  public private(set) var stages: [(stage: RunProgress.Stage, duration: Duration)] = []

  /// The sum of all stages.
  public var total: Duration { stages.reduce(.zero) { $0 + $1.duration } }

  mutating func append(_ stage: RunProgress.Stage, _ duration: Duration) {
    if let index = stages.firstIndex(where: { $0.stage == stage }) {
      stages[index].duration += duration
    } else {
      stages.append((stage, duration))
    }
  }
}

/// Measures stages that follow each other.
struct StageClock {
  private var start = ContinuousClock.now
  private var stage: RunProgress.Stage?
  private(set) var timings = Timings()

  /// Ends the stage under way and starts `stage`.
  mutating func enter(_ stage: RunProgress.Stage) {
    finish()
    self.stage = stage
  }

  /// Ends the stage under way.
  mutating func finish() {
    let now = ContinuousClock.now
    if let stage { timings.append(stage, now - start) }
    (start, stage) = (now, nil)
  }
}
