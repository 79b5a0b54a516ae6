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
