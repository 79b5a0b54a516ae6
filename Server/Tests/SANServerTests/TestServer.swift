import Foundation
import Logging
import SANInference
import SANServer
import XCTest

/// A server on a free port of this machine.
final class TestServer {
  let port: Int
  private let task: Task<Void, any Error>

  /// The embedded model, loaded once.
  static let segmenter = Result { try Segmenter(threads: 2) }

  init(_ limits: ServerLimits = ServerLimits(), token: String? = nil) async throws {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let server = try SegmentationServer(
      [TestServer.segmenter.get()], limits: limits, token: token, logger: logger)
    let (ports, found) = AsyncStream<Int>.makeStream()
    task = Task { try await server.run(host: "127.0.0.1", port: 0) { found.yield($0) } }
    var iterator = ports.makeAsyncIterator()
    let port = await iterator.next()
    self.port = try XCTUnwrap(port, "the server starts")
  }

  deinit { task.cancel() }

  /// Sends a request on a connection of its own and returns the answer.
  func ask(
    _ method: String, _ target: String, headers: [String: String] = [:], body: [UInt8] = []
  ) throws -> Wire.Answer {
    let wire = Wire(port: port)
    wire.send(TestServer.head(method, target, headers: headers, count: body.count))
    wire.send(body)
    return try XCTUnwrap(wire.answer(hasBody: method != "HEAD"), "\(method) \(target) has no answer")
  }

  /// Asks about a photo in the body, of a type.
  func segment(_ photo: [UInt8], _ query: String, accept: String = "*/*") throws -> Wire.Answer {
    try ask(
      "POST", "/v1/segment?\(query)", headers: ["Content-Type": "image/png", "Accept": accept], body: photo)
  }

  /// A request's head; without a length where `count` is nil.
  static func head(
    _ method: String, _ target: String, headers: [String: String] = [:], count: Int?
  ) -> String {
    var lines = ["\(method) \(target) HTTP/1.1", "Host: localhost"]
    lines += headers.map { "\($0): \($1)" }
    if let count, count > 0 || method == "POST" { lines.append("Content-Length: \(count)") }
    return lines.joined(separator: "\r\n") + "\r\n\r\n"
  }

  /// Waits until the figures have a line; fails the test where they never do.
  func waitForFigure(_ line: String) async throws {
    for _ in 0..<600 {
      if try ask("GET", "/metrics").text.split(separator: "\n").contains(Substring(line)) { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    XCTFail("the figures never say \(line):\n\(try ask("GET", "/metrics").text)")
  }

  /// A photo that comes with the package.
  static func photo(_ name: String) throws -> [UInt8] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
    return Array(try Data(contentsOf: root.appendingPathComponent("Examples/photos/\(name)")))
  }

  /// A photo of even grey.
  static func grey(width: Int, height: Int) throws -> [UInt8] {
    try PNGWriter.encode(gray: Array(repeating: 128, count: width * height), width: width, height: height)
  }
}
