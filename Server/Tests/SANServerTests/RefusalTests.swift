import Foundation
import SANInference
import SANServer
import XCTest

/// Requests that cannot be used: each gets a status, and a line that says what to do.
final class RefusalTests: XCTestCase {
  private func check(
    _ answer: Wire.Answer, _ status: Int, _ kind: String, _ word: String, line: UInt = #line
  ) {
    XCTAssertEqual(answer.status, status, answer.text, line: line)
    XCTAssertEqual(answer.headers["content-type"], "application/json", line: line)
    XCTAssertEqual(answer.error.kind, kind, answer.text, line: line)
    XCTAssertTrue(answer.error.message.contains(word), "\(answer.error.message) lacks \(word)", line: line)
    XCTAssertFalse(answer.error.message.contains("\n"), line: line)
  }

  func testQuestions() async throws {
    let server = try await TestServer()
    let photo = try TestServer.grey(width: 32, height: 32)
    func refuse(_ query: String, _ word: String, line: UInt = #line) throws {
      check(try server.segment(photo, query), 400, "badArgument", word, line: line)
    }
    try refuse("", "no classes")
    try refuse("classes=", "name at least one class")
    try refuse("classes=cat,CAT", "given twice")
    try refuse("classes=cat,%20", "blank")
    try refuse("classes=cat%7Ckitten", "no title")
    try refuse("classes=cat&vocabulary=voc-20", "one of them")
    try refuse("vocabulary=nothing", "ade20k-150")
    try refuse("classes=cat&tresh=1", "threshold")
    try refuse("classes=cat&threshold=nan", "0 or more")
    try refuse("classes=cat&threshold=-1", "0 or more")
    try refuse("classes=cat&threshold=1&threshold=2", "once")
    try refuse("classes=cat&outputs=labels,picture", "cutout")
    try refuse("classes=cat&labels_as=red", "palette")
    try refuse("classes=cat&keep=dog", "none of the classes")
    try refuse("classes=cat&background=", "none, distractors")
    try refuse("classes=cat&background=a%3Db", "without synonyms")
    try refuse("classes=cat&background=Cat", "is a class, too")
    try refuse("classes=%zz", "hexadecimal")
    try refuse("classes=%ff", "UTF-8")
    try refuse("classes=cat&model=other", "san-mini")
    try refuse("classes=cat&photo=00", "together")
    check(
      try server.ask("POST", "/v1/segment?classes=cat"), 400, "badArgument", "no photo")
    check(
      try server.ask("POST", "/v1/segment?classes=cat&photo=00"), 404, "notFound", "/v1/encode")
    check(
      try server.segment(photo, "classes=cat&outputs=labels,overlay", accept: "image/png"), 400,
      "badArgument",
      "application/json")
    check(try server.ask("POST", "/v1/encode?classes=cat"), 400, "badArgument", "there are model")
    check(try server.ask("POST", "/v1/encode"), 400, "badArgument", "no photo")
  }

  func testTypes() async throws {
    let server = try await TestServer()
    let photo = try TestServer.grey(width: 32, height: 32)
    check(
      try server.segment(photo, "classes=cat", accept: "text/html"), 406, "notAcceptable", "application/json")
    check(
      try server.segment(photo, "classes=cat&outputs=labels", accept: "image/jpeg"), 406, "notAcceptable",
      "image/png")
    check(
      try server.ask(
        "POST", "/v1/segment?classes=cat", headers: ["Content-Type": "application/json"], body: [123, 125]),
      415, "unsupportedMedia", "multipart/form-data")
    // What curl --data-binary says of a photo, unless told otherwise, is believed no more than the photo's own bytes.
    let form = ["Content-Type": "application/x-www-form-urlencoded"]
    XCTAssertEqual(
      try server.ask("POST", "/v1/segment?classes=cat", headers: form, body: photo).status, 200)
    check(
      try server.ask("POST", "/v1/segment?classes=cat", headers: form, body: [0xFF, 0xFE, 0x00]), 415,
      "unsupportedMedia", "image/jpeg")
  }

  func testPhotos() async throws {
    let server = try await TestServer()
    let query = "classes=cat"
    check(try server.segment(Array("no picture".utf8), query), 415, "unsupportedMedia", "not a picture")
    check(try server.segment([0x25, 0x50, 0x44, 0x46, 0x2D, 0x31], query), 415, "unsupportedMedia", "PDF")
    let photo = try TestServer.photo("rocket.jpg")
    check(try server.segment(Array(photo.dropLast(40_000)), query), 422, "damaged", "damaged JPEG")
    check(
      try server.ask(
        "POST", "/v1/encode", headers: ["Content-Type": "image/jpeg"], body: Array(photo.dropLast(40_000))),
      422,
      "damaged", "damaged JPEG")
  }

  func testLimits() async throws {
    var limits = ServerLimits()
    (limits.bodyBytes, limits.pixels, limits.names, limits.nameLength) = (5000, 1000, 3, 10)
    (limits.keptPhotos, limits.keptTime) = (1, .seconds(600))
    let server = try await TestServer(limits)
    let photo = try TestServer.grey(width: 40, height: 25)
    XCTAssertEqual(try server.segment(photo, "classes=a,b,c&background=none").status, 200)
    check(try server.segment(photo, "classes=a,b=c%7Cd,e"), 400, "badArgument", "4 names")
    check(try server.segment(photo, "classes=a,b&background=c,d"), 400, "badArgument", "4 names")
    check(try server.segment(photo, "classes=12345678901"), 400, "badArgument", "10 characters")
    check(
      try server.segment(TestServer.grey(width: 41, height: 25), "classes=a"), 413, "tooLarge", "41×25 pixels"
    )
    // A header that claims more than any machine has costs no more than its own bytes.
    var bomb = photo
    bomb.replaceSubrange(16..<24, with: [0, 0, 0xF0, 0, 0, 0, 0xF0, 0])
    XCTAssertTrue([413, 422].contains(try server.segment(bomb, "classes=a").status))

    let large = [UInt8](repeating: 0, count: 5001)
    check(try server.segment(large, "classes=a"), 413, "tooLarge", "5000 bytes")
    // Without a length, when the limit is reached.
    let wire = Wire(port: server.port)
    wire.send(
      TestServer.head(
        "POST", "/v1/segment?classes=a",
        headers: ["Transfer-Encoding": "chunked", "Content-Type": "image/png"],
        count: nil))
    for _ in 0..<6 { wire.send("3e8\r\n" + String(repeating: "x", count: 1000) + "\r\n") }
    check(try XCTUnwrap(wire.answer()), 413, "tooLarge", "5000 bytes")
  }

  /// A body that is too large is refused before it is there, and all the same where the client goes on sending.
  func testEndlessBodies() async throws {
    let server = try await TestServer()
    for (method, target, status) in [
      ("POST", "/v1/encode", 413), ("POST", "/v1/segment?classes=a", 413), ("POST", "/nothing", 404),
      ("PUT", "/v1/encode", 405),
    ] {
      let wire = Wire(port: server.port)
      wire.send(TestServer.head(method, target, headers: ["Content-Type": "image/png"], count: 1 << 40))
      let part = [UInt8](repeating: 1, count: 1 << 16)
      for _ in 0..<32 { wire.send(part) }
      let answer = try XCTUnwrap(wire.answer(), target)
      XCTAssertEqual(answer.status, status, target)
    }
    try await server.waitForFigure("san_waiting 0")
  }

  func testKeptPhotosGo() async throws {
    var limits = ServerLimits()
    limits.keptPhotos = 1
    var server = try await TestServer(limits)
    let photo = try TestServer.grey(width: 32, height: 32)
    func keep() throws -> String {
      let answer = try server.ask(
        "POST", "/v1/encode", headers: ["Content-Type": "image/png"], body: photo)
      return try XCTUnwrap(answer.json["photo"] as? String, answer.text)
    }
    let (first, second) = (try keep(), try keep())
    XCTAssertNotEqual(first, second)
    check(try server.ask("POST", "/v1/segment?classes=a&photo=\(first)"), 404, "notFound", "again")
    XCTAssertEqual(try server.ask("POST", "/v1/segment?classes=a&photo=\(second)").status, 200)

    limits.keptTime = .nanoseconds(1)
    server = try await TestServer(limits)
    let late = try keep()
    check(try server.ask("POST", "/v1/segment?classes=a&photo=\(late)"), 404, "notFound", "no longer")

    (limits.keptTime, limits.keptBytes) = (.seconds(600), 1000)
    server = try await TestServer(limits)
    check(
      try server.ask("POST", "/v1/encode", headers: ["Content-Type": "image/png"], body: photo), 413,
      "tooLarge",
      "1000 bytes")
  }

  func testAddresses() async throws {
    let server = try await TestServer()
    check(try server.ask("GET", "/nothing"), 404, "notFound", "openapi.json")
    check(try server.ask("POST", "/v1/nothing"), 404, "notFound", "openapi.json")
    for target in ["/../Package.swift", "/%2e%2e/openapi.json", "/..%2fopenapi.json", "/%00"] {
      let answer = try server.ask("GET", target)
      XCTAssertTrue([400, 404].contains(answer.status), "\(target): \(answer.status)")
      XCTAssertFalse(answer.error.message.isEmpty, target)
    }
    let wrong = try server.ask("GET", "/v1/segment")
    check(wrong, 405, "methodNotAllowed", "POST")
    XCTAssertEqual(wrong.headers["allow"], "POST")
    check(try server.ask("DELETE", "/health"), 405, "methodNotAllowed", "GET, HEAD")
    check(try server.ask("PATCH", "/v1/models"), 405, "methodNotAllowed", "GET, HEAD")
  }

  func testToken() async throws {
    let server = try await TestServer(token: "sesame")
    let photo = try TestServer.grey(width: 32, height: 32)
    for target in ["/v1/models", "//v1//models", "/metrics"] {
      for given in [nil, "", "Bearer", "Bearer ", "Bearer sesam", "Bearer sesame2", "Basic sesame"] {
        let answer = try server.ask("GET", target, headers: given.map { ["Authorization": $0] } ?? [:])
        check(answer, 401, "unauthorized", "Authorization")
        XCTAssertEqual(answer.headers["www-authenticate"]?.hasPrefix("Bearer"), true)
      }
      let answer = try server.ask("GET", target, headers: ["Authorization": "Bearer sesame"])
      XCTAssertEqual(answer.status, 200, target)
    }
    check(try server.segment(photo, "classes=a"), 401, "unauthorized", "Authorization")
    let answer = try server.ask(
      "POST", "/v1/segment?classes=a",
      headers: ["Authorization": "bearer sesame", "Content-Type": "image/png"],
      body: photo)
    XCTAssertEqual(answer.status, 200)
    for target in ["/", "/main.js", "/health", "/openapi.json"] {
      XCTAssertEqual(try server.ask("GET", target).status, 200, "\(target) is for all")
    }
  }
}
