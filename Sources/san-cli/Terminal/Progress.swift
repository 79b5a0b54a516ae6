/// Where a run over several images is: a bar on a terminal, and in a log a line at each tenth of the run, or at each
/// hundredth of more than a thousand images.
struct BatchProgress {
  private let noun: String
  private let count: Int
  private let start = ContinuousClock.now

  /// - Parameter noun: what the run calls one of them.
  init(count: Int, of noun: String) { (self.count, self.noun) = (count, noun) }

  /// Tells that one more image has ended.
  ///
  /// - Parameters:
  ///   - done: how many had work done for them: they give the rate.
  ///   - ended: how many there is no more to do for.
  ///   - failed: how many of these have failed.
  ///   - more: what is to be told beside; asked for only where it is shown.
  func show(done: Int, ended: Int, failed: Int = 0, more: @autoclosure () -> String? = nil) {
    let parts = count > 1000 ? 100 : 10
    let isStep = ended < count && ended * parts / count > (ended - 1) * parts / count
    guard Console.isTerminal || isStep else { return }
    let line = ProgressLine(
      noun: noun, count: count, done: done, ended: ended, failed: failed,
      seconds: (ContinuousClock.now - start) / .seconds(1), more: more())
    if Console.isTerminal {
      Console.showBar(line.bar(width: Console.width))
    } else {
      Console.note(line.text)
    }
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

/// How far a run over several images is after some seconds, in words.
package struct ProgressLine {
  /// What the run calls an image.
  let noun: String
  /// All images.
  let count: Int
  /// Those that had work done for them.
  let done: Int
  /// Those that there is no more to do for.
  let ended: Int
  let failed: Int
  let seconds: Double
  /// What is told beside.
  let more: String?

  package init(
    noun: String, count: Int, done: Int, ended: Int, failed: Int = 0, seconds: Double, more: String? = nil
  ) {
    (self.noun, self.count, self.done, self.ended) = (noun, count, done, ended)
    (self.failed, self.seconds, self.more) = (failed, seconds, more)
  }

  /// For a log.
  package var text: String { "\(ended) of \(count) \(noun)s\(rest)" }

  /// For a terminal: less than `width` characters, so that the cursor stays in the line.
  package func bar(width: Int) -> String {
    let text = " \(ended)/\(count)\(rest)"
    let room = min(width - 1 - text.count - 2, 40)
    guard room >= 5 else { return String(text.dropFirst().prefix(max(0, width - 1))) }
    let filled = count == 0 ? room : room * ended / count
    return "[\(String(repeating: "#", count: filled))\(String(repeating: ".", count: room - filled))]\(text)"
  }

  /// Rate, time left, failures, and what is told beside.
  private var rest: String {
    var parts: [String] = []
    // What fails or is skipped takes no time, and says nothing of those to come.
    if seconds > 0, done > 0 {
      let rate = Double(done) / seconds
      parts.append(rate >= 1 ? "\(rate.fixed(1)) \(noun)s/s" : "\((1 / rate).fixed(1)) s/\(noun)")
      parts.append("\(BatchProgress.time(Double(count - ended) / rate)) left")
    }
    if failed > 0 { parts.append("\(failed) failed") }
    if let more { parts.append(more) }
    return parts.map { ", \($0)" }.joined()
  }
}
