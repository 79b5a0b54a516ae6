import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Brings what a partial file lacks, through `URLSession`, whose delegate calls come one after another.
final class Download: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  private let url: URL
  private let part: PartialFile
  private var failure: Failure?
  /// Whether an answer has come that is being written.
  private var hasBegun = false
  /// Whether to ask once more, for all of it.
  private var asksAgain = false
  private var lastEvent = 0
  private let finished = DispatchSemaphore(value: 0)

  /// Bytes between two events.
  private static let eventStep = 1 << 20

  /// A download of the file at `address`.
  init(address: String, to path: String) throws(Failure) {
    guard let url = URL(string: address), ["http", "https"].contains(url.scheme?.lowercased()),
      url.host != nil
    else {
      throw Failure(.usage, "\(address): is no address of a file: it has to begin with https:// or http://")
    }
    self.url = url
    part = try PartialFile(path: path, address: address)
  }

  func run() throws(Failure) {
    if part.isWhole {
      Event.send("begin \(part.byteCount) \(part.byteCount)")
      return Event.send("end \(part.byteCount)")
    }
    let settings = URLSessionConfiguration.ephemeral
    settings.urlCache = nil
    settings.timeoutIntervalForRequest = 60
    let session = URLSession(configuration: settings, delegate: self, delegateQueue: nil)
    defer { session.invalidateAndCancel() }
    repeat {
      (asksAgain, hasBegun) = (false, false)
      session.dataTask(with: request()).resume()
      finished.wait()
      if let failure { throw failure }
    } while asksAgain
    Event.send("end \(part.byteCount)")
  }

  private func request() -> URLRequest {
    var request = URLRequest(url: url)
    // Bytes are counted and kept as they are stored.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    request.setValue("san-fetch", forHTTPHeaderField: "User-Agent")
    if part.byteCount > 0, let version = part.origin.version {
      request.setValue("bytes=\(part.byteCount)-", forHTTPHeaderField: "Range")
      // Where the file is another one by now, the server sends all of it.
      request.setValue(version, forHTTPHeaderField: "If-Range")
    }
    return request
  }

  // MARK: URLSession's calls

  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    if url.scheme?.lowercased() == "https", request.url?.scheme?.lowercased() != "https" {
      failure = Failure(.refused, "\(url): leads to an address without encryption")
      return completionHandler(nil)
    }
    completionHandler(request)
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    if failure == nil {
      do throws(Failure) {
        try begin(response)
      } catch {
        failure = error
      }
    }
    completionHandler(failure == nil && !asksAgain ? .allow : .cancel)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard failure == nil, !asksAgain else { return }
    do throws(Failure) {
      try part.append(data)
    } catch {
      failure = error
      return dataTask.cancel()
    }
    if part.byteCount - lastEvent >= Download.eventStep {
      lastEvent = part.byteCount
      Event.send("at \(part.byteCount)")
    }
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    defer { finished.signal() }
    guard failure == nil, !asksAgain else { return }
    if hasBegun, let total = part.origin.byteCount, part.byteCount != total {
      let reason = error.map { " (\(Download.text($0)))" } ?? ""
      failure = Failure(
        .network,
        "\(url): the connection ended after \(part.byteCount) of \(total) bytes\(reason); run the same "
          + "command again to go on")
    } else if let error {
      failure = Failure(.network, "\(url): \(Download.text(error))")
    }
  }

  // MARK: Answers

  private func begin(_ response: URLResponse) throws(Failure) {
    guard let response = response as? HTTPURLResponse else {
      throw Failure(.refused, "\(url): the answer is not HTTP's")
    }
    let total: Int?
    switch response.statusCode {
    case 200:
      if part.byteCount > 0 {
        let isSame = Download.version(response) == part.origin.version
        let reason = isSame ? "the server sends no parts of files" : "the file on the server has changed"
        Event.send("note \(reason); starting again")
        try part.restart()
      }
      total = response.expectedContentLength > 0 ? Int(response.expectedContentLength) : nil
    case 206:
      guard let range = Download.range(response), range.start == part.byteCount,
        range.total == part.origin.byteCount ?? range.total
      else {
        try part.restart()
        throw Failure(
          .network,
          "\(url): the server sent another part than was asked for, and what had come is dropped; run the "
            + "same command again")
      }
      total = range.total
    case 416 where part.byteCount > 0:
      Event.send("note the server does not go on from there; starting again")
      try part.restart()
      asksAgain = true
      return
    case 404, 410:
      throw Failure(.refused, "\(url): there is no such file (\(response.statusCode))")
    case 401, 403:
      throw Failure(.refused, "\(url): the server does not give this file away (\(response.statusCode))")
    case 500...599, 429:
      throw Failure(.network, "\(url): the server cannot answer (\(response.statusCode)); try again later")
    default:
      throw Failure(.refused, "\(url): the server answered with status \(response.statusCode)")
    }
    if let total { try part.requireSpace(for: total - part.byteCount) }
    try part.remember(version: Download.version(response), byteCount: total)
    (hasBegun, lastEvent) = (true, part.byteCount)
    Event.send("begin \(part.byteCount) \(total ?? -1)")
  }

  /// What tells this version of the file from others; a weak tag does not.
  private static func version(_ response: HTTPURLResponse) -> String? {
    if let tag = response.value(forHTTPHeaderField: "ETag"), !tag.hasPrefix("W/") { return tag }
    return response.value(forHTTPHeaderField: "Last-Modified")
  }

  /// `bytes START-END/TOTAL`.
  private static func range(_ response: HTTPURLResponse) -> (start: Int, total: Int)? {
    guard let text = response.value(forHTTPHeaderField: "Content-Range"), text.hasPrefix("bytes ") else {
      return nil
    }
    let parts = text.dropFirst(6).split(separator: "/")
    guard parts.count == 2, let total = Int(parts[1]),
      let start = parts[0].split(separator: "-").first.flatMap({ Int($0) })
    else { return nil }
    return (start, total)
  }

  /// What went wrong on the way, and the way out.
  private static func text(_ error: any Error) -> String {
    guard let error = error as? URLError else { return error.localizedDescription }
    switch error.code {
    case .cannotFindHost, .dnsLookupFailed: return "the server's name is not known here; is there a network?"
    case .notConnectedToInternet: return "there is no network"
    case .cannotConnectToHost: return "the server does not take connections; is there a network?"
    case .timedOut: return "the server did not answer in time"
    case .networkConnectionLost: return "the connection was lost"
    default: return error.localizedDescription
    }
  }
}
