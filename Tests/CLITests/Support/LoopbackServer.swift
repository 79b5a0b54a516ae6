import Foundation
import Synchronization

/// A web server for this process alone, which can be as unhelpful as a real one.
final class LoopbackServer: Sendable {
  struct Request: Sendable {
    let path: String
    /// By lower-case name.
    let headers: [String: String]

    /// The first byte that `Range` asks for.
    var rangeStart: Int? {
      headers["range"].flatMap { $0.hasPrefix("bytes=") ? Int($0.dropFirst(6).dropLast()) : nil }
    }
  }

  struct Answer: Sendable {
    var status = 200
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// How much of the body is sent before the connection ends.
    var sent: Int?
    /// Whether to keep the connection open, silently, until the other side ends it.
    var stalls = false
  }

  private struct State {
    var requests: [Request] = []
    var hangUps = 0
  }

  private let state = Mutex(State())
  private let socket: Int32
  private let port: UInt16
  private let answer: @Sendable (Request) -> Answer

  /// Starts to listen; each request gets what `answer` makes of it.
  init(answer: @escaping @Sendable (Request) -> Answer) throws {
    self.answer = answer
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    socket = Foundation.socket(AF_INET, kind, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = self.socket
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(socket, address, size) == 0 && listen(socket, 8) == 0 && getsockname(socket, address, &size) == 0
      }
    }
    guard isBound else { throw CocoaError(.fileWriteUnknown) }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in
      while true {
        let connection = accept(socket, nil, nil)
        guard connection >= 0 else { return }
        Thread.detachNewThread { [self] in serve(connection) }
      }
    }
  }

  /// Takes no more connections.
  func stop() {
    shutdown(socket, Int32(SHUT_RDWR))
    close(socket)
  }

  /// The address of `path`, which begins with a slash.
  func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

  /// What was asked for, in order.
  var requests: [Request] { state.withLock(\.requests) }

  /// How many connections that were kept open the other side has ended.
  var hangUps: Int { state.withLock(\.hangUps) }

  /// A file as a good server gives it: whole, or from where is asked if it is still the same.
  static func file(_ bytes: [UInt8], tag: String, for request: Request) -> Answer {
    let headers = ["ETag": "\"\(tag)\"", "Accept-Ranges": "bytes"]
    guard let start = request.rangeStart, request.headers["if-range"] == "\"\(tag)\"" else {
      return Answer(headers: headers, body: bytes)
    }
    guard start < bytes.count else { return Answer(status: 416, headers: headers) }
    let range = ["Content-Range": "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"]
    return Answer(status: 206, headers: headers.merging(range) { $1 }, body: Array(bytes[start...]))
  }

  private func serve(_ connection: Int32) {
    defer { close(connection) }
    var received: [UInt8] = []
    var byte: UInt8 = 0
    while !received.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      guard recv(connection, &byte, 1, 0) == 1 else { return }
      received.append(byte)
    }
    let lines = String(decoding: received, as: UTF8.self).split(separator: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    let request = Request(path: String(lines[0].split(separator: " ")[1]), headers: headers)
    state.withLock { $0.requests.append(request) }
    let answer = answer(request)
    var text =
      "HTTP/1.1 \(answer.status) Status\r\nConnection: close\r\nContent-Length: \(answer.body.count)\r\n"
    for (name, value) in answer.headers { text += "\(name): \(value)\r\n" }
    send(Array(text.utf8) + Array("\r\n".utf8) + answer.body.prefix(answer.sent ?? .max), to: connection)
    if answer.stalls {
      while recv(connection, &byte, 1, 0) > 0 {}
      state.withLock { $0.hangUps += 1 }
    }
  }

  private func send(_ bytes: [UInt8], to connection: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      #if canImport(Glibc)
        let flags = Int32(MSG_NOSIGNAL)
      #else
        let flags: Int32 = 0
      #endif
      let count = rest.withUnsafeBytes { Foundation.send(connection, $0.baseAddress, $0.count, flags) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}

/// True once.
final class Once: Sendable {
  private let isTaken = Mutex(false)

  func take() -> Bool {
    isTaken.withLock { taken in
      defer { taken = true }
      return !taken
    }
  }
}
