/// Where a run over several images is: a bar on a terminal, and in a log a line at each tenth of the run, or at each
/// hundredth of more than a thousand images.
struct BatchProgress {
  private let count: Int
  private let start = ContinuousClock.now

  init(count: Int) { self.count = count }

  /// Tells that one more image has ended.
  func show(_ tally: Tally) {
    let parts = count > 1000 ? 100 : 10
    if Console.isTerminal {
      Console.showBar(bar(tally, width: Console.width))
    } else if tally.total < count, tally.total * parts / count > (tally.total - 1) * parts / count {
      Console.note("\(tally.total) of \(count) images\(rest(tally))")
    }
  }

  /// A line of `width` characters at most.
  private func bar(_ tally: Tally, width: Int) -> String {
    let text = " \(tally.total)/\(count)\(rest(tally))"
    let room = min(width - 1 - text.count - 2, 40)
    guard room >= 5 else { return String(text.dropFirst().prefix(max(0, width - 1))) }
    let filled = count == 0 ? room : room * tally.total / count
    return "[\(String(repeating: "#", count: filled))\(String(repeating: ".", count: room - filled))]\(text)"
  }

  /// Rate, time left and failures.
  private func rest(_ tally: Tally) -> String {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let failed = tally.failed > 0 ? ", \(tally.failed) failed" : ""
    // What fails takes no time, and says nothing of those to come.
    guard seconds > 0, tally.done > 0 else { return failed }
    let rate = Double(tally.done) / seconds
    let speed = rate >= 1 ? "\(rate.fixed(1)) images/s" : "\((1 / rate).fixed(1)) s/image"
    return ", \(speed), \(BatchProgress.time(Double(count - tally.total) / rate)) left\(failed)"
  }

  /// `45 s`, `3:20 min` or `2:05 h`.
  static func time(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e9).rounded(.up))
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60):\(two(whole % 60)) min" }
    return "\(whole / 3600):\(two(whole / 60 % 60)) h"
  }
}
