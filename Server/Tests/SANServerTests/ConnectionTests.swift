import Foundation
import SANInference
import SANServer
import XCTest

/// Clients that are many, slow, gone, or no clients at all.
final class ConnectionTests: XCTestCase {
  private let headers = ["Content-Type": "image/png"]

  func testWaitingLineIsBounded() async throws {
    var limits = ServerLimits()
    (limits.runs, limits.waiting) = (1, 1)
    let server = try await TestServer(limits)
    let photo = try TestServer.grey(width: 32, height: 32)
    let head = TestServer.head("POST", "/v1/segment?classes=a", headers: headers, count: photo.count)
    // Two that are still arriving hold both places.
    let held = [Wire(port: server.port), Wire(port: server.port)]
    for wire in held {
      wire.send(head)
      wire.send(photo.prefix(10))
    }
    try await server.waitForFigure("san_waiting 2")
    let refused = try server.segment(photo, "classes=a")
    XCTAssertEqual(refused.status, 429, refused.text)
    XCTAssertEqual(refused.error.kind, "busy")
    XCTAssertEqual(refused.headers["retry-after"].flatMap { Int($0) }.map { (1...60).contains($0) }, true)
    XCTAssertEqual(try server.ask("GET", "/health").status, 200, "what needs no run is answered meanwhile")
    for wire in held { wire.send(photo.dropFirst(10)) }
    for wire in held { XCTAssertEqual(wire.answer()?.status, 200) }
    try await server.waitForFigure("san_waiting 0")
    XCTAssertEqual(try server.segment(photo, "classes=a").status, 200)
  }

  func testSlowBody() async throws {
    var limits = ServerLimits()
    limits.uploadTime = .milliseconds(100)
    let server = try await TestServer(limits)
    let wire = Wire(port: server.port)
    wire.send(TestServer.head("POST", "/v1/encode", headers: headers, count: 1000))
    wire.send("x")
    let answer = try XCTUnwrap(wire.answer())
    XCTAssertEqual(answer.status, 408, answer.text)
    XCTAssertEqual(answer.error.kind, "timeout")
    XCTAssertEqual(answer.headers["connection"], "close")
    XCTAssertNil(wire.answer(), "the connection ends")
    try await server.waitForFigure("san_waiting 0")
  }

  func testTotalTime() async throws {
    var limits = ServerLimits()
    limits.totalTime = .milliseconds(1)
    let server = try await TestServer(limits)
    let answer = try server.segment(TestServer.photo("coffee.png"), "classes=a")
    XCTAssertEqual(answer.status, 503, answer.text)
    XCTAssertEqual(answer.error.kind, "timeout")
    try await server.waitForFigure("san_running 0")
  }

  /// Clients that go while their body arrives, while they wait, and while the network runs: each gives its place back.
  func testDeparture() async throws {
    var limits = ServerLimits()
    (limits.runs, limits.waiting) = (1, 2)
    let server = try await TestServer(limits)
    let photo = try TestServer.photo("astronaut.png")
    let head = TestServer.head(
      "POST", "/v1/segment?vocabulary=ade20k-847", headers: headers, count: photo.count)
    var wires: [Wire] = []
    for bytes in [photo[...], photo[...], photo.prefix(100)] {
      let wire = Wire(port: server.port)
      wire.send(head)
      wire.send(bytes)
      wires.append(wire)
    }
    try await server.waitForFigure("san_running 1")
    wires = []
    try await server.waitForFigure(#"san_requests_total{path="/v1/segment",status="499"} 3"#)
    try await server.waitForFigure("san_running 0")
    try await server.waitForFigure("san_waiting 0")
    XCTAssertEqual(try server.segment(TestServer.grey(width: 32, height: 32), "classes=a").status, 200)
  }

  func testGarbage() async throws {
    let server = try await TestServer()
    let garbage: [[UInt8]] = [
      Array("hello\r\n\r\n".utf8),
      (0..<4096).map { UInt8(truncatingIfNeeded: $0 * 31) },
      Array("POST /v1/segment HTTP/1.1\r\nContent-Length: -1\r\n\r\n".utf8),
      Array("POST /v1/segment HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".utf8),
      Array("POST /v1/segment HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".utf8),
      Array("GET / HTTP/1.1\r\nX: ".utf8) + [UInt8](repeating: 120, count: 200_000) + Array("\r\n\r\n".utf8),
      Array("GET /\u{0} HTTP/1.1\r\n\r\n".utf8), [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC],
    ]
    for (index, bytes) in garbage.enumerated() {
      let wire = Wire(port: server.port)
      wire.send(bytes)
      // An answer that says so, or none; a TLS greeting has no end that a server could see.
      if index < garbage.count - 1, let answer = wire.answer() {
        XCTAssertTrue((400..<500).contains(answer.status), "\(index): \(answer.status)")
      }
      XCTAssertEqual(try server.ask("GET", "/health").status, 200, "after \(index)")
    }
  }

  func testClientsThatAskFirst() async throws {
    var limits = ServerLimits()
    limits.bodyBytes = 100_000
    let server = try await TestServer(limits)
    let photo = try TestServer.grey(width: 32, height: 32)
    let asking = headers.merging(["Expect": "100-continue"]) { $1 }
    var wire = Wire(port: server.port)
    wire.send(TestServer.head("POST", "/v1/segment?classes=a", headers: asking, count: photo.count))
    XCTAssertEqual(wire.answer()?.status, 100)
    wire.send(photo)
    XCTAssertEqual(wire.answer()?.status, 200)

    wire = Wire(port: server.port)
    wire.send(TestServer.head("POST", "/v1/segment?classes=a", headers: asking, count: 100_001))
    XCTAssertEqual(wire.answer()?.status, 413, "not told to go on with what is too large")
  }

  func testConnectionsAreUsedAgain() async throws {
    let server = try await TestServer()
    let wire = Wire(port: server.port)
    for _ in 0..<3 {
      wire.send(TestServer.head("GET", "/health", count: 0))
      XCTAssertEqual(wire.answer()?.text, #"{"status":"ok"}"#)
    }
  }
}
