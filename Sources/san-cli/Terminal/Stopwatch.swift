import SANInference

/// The durations of a run's steps, in order.
struct Stopwatch {
  private let start = ContinuousClock.now
  /// Names of steps and how long each took.
  private(set) var steps: [(name: String, duration: Duration)] = []

  /// The time since this watch was made.
  var total: Duration { ContinuousClock.now - start }

  /// Runs `body` as the step `name`, unless a signal has come.
  mutating func time<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
    try Interruption.check()
    let start = ContinuousClock.now
    let result = try body()
    steps.append((name, ContinuousClock.now - start))
    return result
  }

  /// Adds the steps that the library has timed.
  mutating func add(_ timings: Timings) {
    for entry in timings.stages { steps.append((entry.stage.rawValue, entry.duration)) }
  }
}
