import Foundation
import Synchronization

/// What a server has done, counted for Prometheus.
final class Metrics: Sendable {
  private struct Request: Hashable {
    let path: String
    let status: Int
  }

  private struct Times {
    /// Requests by the first of ``bounds`` that they took no longer than; the slower ones last.
    var buckets = [Int](repeating: 0, count: bounds.count + 1)
    var sum = 0.0
  }

  private struct State {
    var requests: [Request: Int] = [:]
    var times: [String: Times] = [:]
  }

  /// What is so at this moment.
  struct Gauges {
    var running, waiting, keptPhotos, keptBytes: Int
  }

  /// Upper bounds of the times' classes, in seconds.
  private static let bounds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

  private let state = Mutex(State())

  /// Counts a request; `path` is one of few.
  func count(path: String, status: Int, time: Duration) {
    let seconds = time / .seconds(1)
    let bucket = Metrics.bounds.firstIndex { seconds <= $0 } ?? Metrics.bounds.count
    state.withLock { state in
      state.requests[Request(path: path, status: status), default: 0] += 1
      state.times[path, default: Times()].buckets[bucket] += 1
      state.times[path, default: Times()].sum += seconds
    }
  }

  /// All of it in Prometheus' text format, in a set order.
  func text(_ gauges: Gauges) -> String {
    let state = state.withLock { $0 }
    var lines: [String] = []
    func head(_ name: String, _ type: String, _ help: String) {
      lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(type)"]
    }
    head("san_requests_total", "counter", "Requests that were answered.")
    for (request, count) in state.requests.sorted(by: {
      ($0.key.path, $0.key.status) < ($1.key.path, $1.key.status)
    }) {
      lines.append("san_requests_total{path=\"\(request.path)\",status=\"\(request.status)\"} \(count)")
    }
    head("san_request_seconds", "histogram", "The time from a request's head to its answer.")
    for (path, times) in state.times.sorted(by: { $0.key < $1.key }) {
      var total = 0
      for (bound, count) in zip(Metrics.bounds.map { "\($0)" } + ["+Inf"], times.buckets) {
        total += count
        lines.append("san_request_seconds_bucket{path=\"\(path)\",le=\"\(bound)\"} \(total)")
      }
      lines.append("san_request_seconds_sum{path=\"\(path)\"} \(times.sum)")
      lines.append("san_request_seconds_count{path=\"\(path)\"} \(total)")
    }
    for (name, value, help) in [
      ("san_running", gauges.running, "Questions that are being worked on."),
      ("san_waiting", gauges.waiting, "Questions that are arriving or wait for their turn."),
      ("san_kept_photos", gauges.keptPhotos, "Encoded photos that are kept."),
      ("san_kept_bytes", gauges.keptBytes, "Memory that they take, about, in bytes."),
    ] {
      head(name, "gauge", help)
      lines.append("\(name) \(value)")
    }
    if let bytes = Metrics.residentBytes {
      head("process_resident_memory_bytes", "gauge", "Memory of the process that is in use, in bytes.")
      lines.append("process_resident_memory_bytes \(bytes)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Memory of this process that is in use; nil where the system does not say it this way.
  private static var residentBytes: Int? {
    // "total resident …", in pages.
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
      let resident = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    return resident * Int(getpagesize())
  }
}
