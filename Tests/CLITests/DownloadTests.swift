import Foundation
import TestSupport
import XCTest

/// `models download`, from a server on this machine.
final class DownloadTests: XCTestCase {
  private typealias Store = DownloadStore
  private let installed = ["net.safetensors", "net.safetensors.json"]
  private let interrupted = [".net.part", ".net.part.state"]

  /// Runs the first download against an unsteady server, which fails.
  private func interrupt(_ store: Store, _ url: String) throws {
    let outcome = try store.download(url)
    XCTAssertEqual(outcome.status, 74, outcome.errors)
    XCTAssert(outcome.errors.contains("\(url): the connection ended after "), outcome.errors)
    XCTAssert(outcome.errors.contains(" of 126670 bytes"), outcome.errors)
    XCTAssertEqual(try store.files, interrupted)
    let kept = try store.folder.bytes(".net.part")
    XCTAssertLessThanOrEqual(kept.count, 60_000)
    XCTAssertGreaterThan(kept.count, 0)
    XCTAssert(try DownloadStore.model.get().starts(with: kept))
  }

  func testADownloadIsWhatAddMakesOfTheFile() throws {
    let model = try DownloadStore.model.get()
    let server = try makeServer { LoopbackServer.file(model, tag: "one", for: $0) }
    let (store, other) = (try Store(), try Store())
    let outcome = try store.download(server.url("/micro"))
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(outcome.output, "net\n")
    XCTAssertEqual(try store.files, installed)
    let added = try other.run("add", Fixture.url("pth/micro/model.f16.safetensors").path, "--name", "net")
    XCTAssertEqual(added.status, 0, added.errors)
    XCTAssertEqual(try store.folder.bytes("net.safetensors"), try other.folder.bytes("net.safetensors"))
    let record = String(decoding: try store.folder.bytes("net.safetensors.json"), as: UTF8.self)
    XCTAssert(record.contains("\"source\": \"\(server.url("/micro"))\""), record)
    XCTAssert(record.contains("\"source_sha256\": \"\(DownloadStore.digest)\""), record)
    XCTAssertEqual(server.requests.map(\.path), ["/micro"])
    XCTAssertNil(server.requests[0].headers["range"])

    let again = try store.download(server.url("/micro"))
    XCTAssertEqual(again.status, 0)
    XCTAssert(again.errors.contains("installed already"), again.errors)
    XCTAssertEqual(server.requests.count, 1)
    let another = try store.download(server.url("/micro"), digest: String(repeating: "0", count: 64))
    XCTAssertEqual(another.status, 73)
    XCTAssert(another.errors.contains("san-cli models remove net"), another.errors)
  }

  func testGoesOnWhereItStopped() throws {
    let model = try DownloadStore.model.get()
    let server = try makeUnsteadyServer { LoopbackServer.file(model, tag: "one", for: $0) }
    let store = try Store()
    try interrupt(store, server.url("/a"))
    let kept = try store.folder.bytes(".net.part").count
    let outcome = try store.download(server.url("/a"))
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.errors.contains("net: going on at "), outcome.errors)
    XCTAssertEqual(try store.files, installed)
    XCTAssertEqual(server.requests[1].headers["range"], "bytes=\(kept)-")
    XCTAssertEqual(server.requests[1].headers["if-range"], "\"one\"")
  }

  func testAServerWithoutPartsSendsAllAgain() throws {
    let model = try DownloadStore.model.get()
    let server = try makeUnsteadyServer { _ in .init(headers: ["ETag": "\"one\""], body: model) }
    let store = try Store()
    try interrupt(store, server.url("/a"))
    let outcome = try store.download(server.url("/a"))
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.errors.contains("the server sends no parts of files; starting again"), outcome.errors)
    XCTAssertEqual(try store.files, installed)
  }

  func testAFileThatHasChangedIsSentAgain() throws {
    let model = try DownloadStore.model.get()
    let server = try makeServer { [isFirst = Once()] request in
      guard isFirst.take() else { return LoopbackServer.file(model, tag: "two", for: request) }
      return .init(headers: ["ETag": "\"one\""], body: [UInt8](repeating: 1, count: 200_000), sent: 50_000)
    }
    let store = try Store()
    XCTAssertEqual(try store.download(server.url("/a")).status, 74)
    let outcome = try store.download(server.url("/a"))
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.errors.contains("the file on the server has changed; starting again"), outcome.errors)
    XCTAssertEqual(try store.files, installed)
  }

  /// What was left by another address or by a server that does not name versions is no use.
  func testOnlyTheSameVersionGoesOn() throws {
    let model = try DownloadStore.model.get()
    let server = try makeUnsteadyServer { LoopbackServer.file(model, tag: "one", for: $0) }
    let store = try Store()
    try interrupt(store, server.url("/a"))
    XCTAssertEqual(try store.download(server.url("/b")).status, 0)
    XCTAssertNil(server.requests[1].headers["range"])

    let nameless = try makeServer { [isFirst = Once()] _ in
      .init(body: model, sent: isFirst.take() ? 1000 : nil)
    }
    let other = try Store()
    XCTAssertEqual(try other.download(nameless.url("/a")).status, 74)
    XCTAssertEqual(try other.download(nameless.url("/a")).status, 0)
    XCTAssertNil(nameless.requests[1].headers["range"])
  }

  func testRedirectsAreFollowed() throws {
    let model = try DownloadStore.model.get()
    let server = try makeServer { [isFirst = Once()] request in
      guard request.path == "/b" else { return .init(status: 302, headers: ["Location": "/b"]) }
      var answer = LoopbackServer.file(model, tag: "one", for: request)
      if isFirst.take() { answer.sent = 60_000 }
      return answer
    }
    let store = try Store()
    try interrupt(store, server.url("/a"))
    let outcome = try store.download(server.url("/a"))
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(server.requests.map(\.path), ["/a", "/b", "/a", "/b"])
    XCTAssertNotNil(server.requests[3].headers["range"])
    XCTAssertEqual(try store.files, installed)
  }

  func testAPartThatWasNotAskedForIsNotUsed() throws {
    let model = try DownloadStore.model.get()
    let server = try makeUnsteadyServer { request in
      guard request.rangeStart != nil else { return LoopbackServer.file(model, tag: "one", for: request) }
      return .init(
        status: 206,
        headers: ["ETag": "\"one\"", "Content-Range": "bytes 5-\(model.count - 1)/\(model.count)"],
        body: Array(model[5...]))
    }
    let store = try Store()
    try interrupt(store, server.url("/a"))
    let outcome = try store.download(server.url("/a"))
    XCTAssertEqual(outcome.status, 74)
    XCTAssert(outcome.errors.contains("another part than was asked for"), outcome.errors)
    XCTAssertEqual(try store.files, [])
    XCTAssertEqual(try store.download(server.url("/a")).status, 0)
  }

  func testAPartThatTheServerCannotContinueIsSentAgain() throws {
    let model = try DownloadStore.model.get()
    let server = try makeUnsteadyServer { request in
      request.rangeStart == nil ? LoopbackServer.file(model, tag: "one", for: request) : .init(status: 416)
    }
    let store = try Store()
    try interrupt(store, server.url("/a"))
    let outcome = try store.download(server.url("/a"))
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(server.requests.count, 3)
  }

  func testServersThatHaveNothing() throws {
    let server = try makeServer { request in
      .init(status: Int(request.path.dropFirst()) ?? 400, body: Array("<html>no</html>".utf8))
    }
    let closed = try LoopbackServer { _ in .init() }
    closed.stop()
    let store = try Store()
    for (url, status, words) in [
      (server.url("/404"), 66, "there is no such file (404)"), (server.url("/403"), 66, "(403)"),
      (server.url("/500"), 74, "(500); try again later"), (server.url("/418"), 66, "status 418"),
      (closed.url("/a"), 74, "does not take connections"),
    ] as [(String, Int32, String)] {
      let outcome = try store.download(url)
      XCTAssertEqual(outcome.status, status, "\(url): \(outcome.errors)")
      XCTAssertEqual(outcome.errorLines.count, 1, "\(url): \(outcome.errors)")
      XCTAssert(outcome.errors.hasPrefix("san-cli: \(url): "), outcome.errors)
      XCTAssert(outcome.errors.contains(words), outcome.errors)
      XCTAssertEqual(try store.files, [], url)
    }
    for url in ["ftp://127.0.0.1/a", "micro.pth"] {
      let outcome = try store.download(url)
      XCTAssertEqual(outcome.status, 64, outcome.errors)
      XCTAssert(outcome.errors.hasPrefix("san-cli: --url: \(url): "), outcome.errors)
      XCTAssert(outcome.errors.contains("https://"), outcome.errors)
      XCTAssertEqual(try store.files, [], url)
    }
  }

  func testAnotherFileIsNotUsed() throws {
    let model = try DownloadStore.model.get()
    let server = try makeServer { LoopbackServer.file(model, tag: "one", for: $0) }
    let store = try Store()
    let wrong = String(repeating: "0123456789abcdef", count: 4)
    let outcome = try store.download(server.url("/a"), digest: wrong)
    XCTAssertEqual(outcome.status, 65)
    XCTAssert(
      outcome.errors.contains(
        "\(server.url("/a")): its SHA-256 is \(DownloadStore.digest) instead of \(wrong)"),
      outcome.errors)
    XCTAssertEqual(try store.files, [])
    // Published names are bound to the published files, whoever gives them.
    for arguments in [
      ["san-vit-b16"], ["san-vit-b16", "--sha256", DownloadStore.digest], ["san-vit-l14-mmseg", "--trust"],
    ] {
      let outcome = try Program.run(
        ["models", "download"] + arguments + ["--url", server.url("/a")], in: store.folder.url,
        environment: store.environment)
      XCTAssertEqual(outcome.status, 65, "\(arguments): \(outcome.errors)")
      XCTAssert(outcome.errors.contains("instead of "), outcome.errors)
      XCTAssertEqual(try store.files, [], "\(arguments)")
    }
  }

  /// What loads as no model is told by its content, and does not stay.
  func testAFileThatIsNoModel() throws {
    let server = try makeServer { _ in
      .init(headers: ["ETag": "\"one\""], body: Array("<html>hello</html>".utf8))
    }
    let store = try Store()
    let outcome = try store.run("download", "net", "--url", server.url("/a"), "--trust")
    XCTAssertEqual(outcome.status, 65)
    XCTAssert(outcome.errors.contains("web page"), outcome.errors)
    XCTAssertEqual(try store.files, [])
  }

  func testAFileWithoutPublishedDigestIsTakenOnlyOnDemand() throws {
    let model = try DownloadStore.model.get()
    let server = try makeServer { LoopbackServer.file(model, tag: "one", for: $0) }
    let store = try Store()
    for arguments in [["net", "--url", server.url("/a")], ["san-vit-b16-mmseg", "--url", server.url("/a")]] {
      let outcome = try Program.run(
        ["models", "download"] + arguments, in: store.folder.url, environment: store.environment)
      XCTAssertEqual(outcome.status, 64, outcome.errors)
      XCTAssert(outcome.errors.contains("--sha256") && outcome.errors.contains("--trust"), outcome.errors)
    }
    XCTAssertEqual(server.requests.count, 0)
    let outcome = try store.run("download", "net", "--url", server.url("/a"), "--trust")
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.errors.contains("now recorded, is \(DownloadStore.digest)"), outcome.errors)
    XCTAssertEqual(try store.files, installed)
  }

  func testAFullDisk() throws {
    let model = try DownloadStore.model.get()
    let server = try makeServer { LoopbackServer.file(model, tag: "one", for: $0) }
    let store = try Store()
    // 100 blocks of 512 bytes.
    let outcome = try store.run(
      "download", "net", "--url", server.url("/a"), "--sha256", DownloadStore.digest,
      shell: "ulimit -f 100; exec \"$0\" \"$@\"")
    XCTAssertEqual(outcome.status, 74, outcome.errors)
    XCTAssert(outcome.errors.contains("no space left on the disk"), outcome.errors)
    XCTAssertEqual(try store.download(server.url("/a")).status, 0)
    XCTAssertNotNil(server.requests[1].headers["range"])
  }

  /// Ctrl-C ends the download too, and leaves what has come.
  func testStopping() throws {
    let model = try DownloadStore.model.get()
    let server = try makeServer { [isFirst = Once()] request in
      var answer = LoopbackServer.file(model, tag: "one", for: request)
      if isFirst.take() { (answer.sent, answer.stalls) = (60_000, true) }
      return answer
    }
    let store = try Store()
    let running = try Program.start(
      ["models", "download", "net", "--url", server.url("/a"), "--sha256", DownloadStore.digest],
      in: store.folder.url, environment: store.environment)
    while try !store.files.contains(".net.part.state") { usleep(10_000) }
    let second = try store.download(server.url("/a"))
    XCTAssertEqual(second.status, 73, second.errors)
    XCTAssert(second.errors.contains("another san-cli is installing"), second.errors)
    running.process.interrupt()
    let outcome = try running.wait()
    XCTAssertEqual(outcome.status, 130, outcome.errors)
    XCTAssert(outcome.errors.contains("the same command goes on from there"), outcome.errors)
    while server.hangUps == 0 { usleep(10_000) }
    XCTAssertEqual(try store.files, interrupted)
    XCTAssertEqual(try store.download(server.url("/a")).status, 0)
    XCTAssertEqual(try store.files, installed)
  }
}
