import Foundation
import TestSupport
import XCTest

/// What becomes of a file that has come: `models download` after the network, and what it leaves behind.
final class DownloadedFileTests: XCTestCase {
  private let installed = ["net.safetensors", "net.safetensors.json"]

  private func makeModelServer() throws -> LoopbackServer {
    let model = try DownloadStore.model.get()
    return try makeServer { LoopbackServer.file(model, tag: "one", for: $0) }
  }

  /// A file that comes without its sizes is kept until they are given.
  func testAMissingConfiguration() throws {
    let model = try Fixture.bytes("mmseg/micro.pth")
    let server = try makeServer { LoopbackServer.file(model, tag: "one", for: $0) }
    let store = try DownloadStore()
    let digest = "a279e7f41a00072646a211fe5baf78aad491007baedc31324045a06d3df6d193"
    for arguments in [["--sha256", digest], ["--trust"]] {
      let outcome = try Program.run(
        ["models", "download", "net", "--url", server.url("/m.pth")] + arguments, in: store.folder.url,
        environment: store.environment)
      XCTAssertEqual(outcome.status, 65, outcome.errors)
      XCTAssert(outcome.errors.hasPrefix("san-cli: \(server.url("/m.pth")): is neither"), outcome.errors)
      XCTAssert(outcome.errors.contains("--config FILE"), outcome.errors)
      XCTAssertFalse(outcome.errors.contains(".part"), outcome.errors)
      XCTAssertEqual(try store.files, [".net.part", ".net.part.state"])
    }
    let outcome = try store.run(
      "download", "net", "--url", server.url("/m.pth"), "--trust", "--config",
      Fixture.url("mmseg/micro.json").path, "--quiet")
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(outcome.output, "net\n")
    XCTAssertEqual(outcome.errors, "")
    XCTAssertEqual(try store.files, installed)
    XCTAssertEqual(server.requests.count, 1)
  }

  func testADamagedInstallationIsReplaced() throws {
    let server = try makeModelServer()
    let store = try DownloadStore()
    XCTAssertEqual(try store.download(server.url("/a")).status, 0)
    let sound = try store.folder.contents()
    var bytes = try store.folder.bytes("net.safetensors")
    bytes[bytes.count - 1] ^= 1
    for damaged in [bytes, Array(bytes.dropLast())] {
      try store.folder.write(damaged, to: "net.safetensors")
      let outcome = try store.download(server.url("/a"))
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssert(outcome.errors.contains("net.safetensors: is no longer what was installed"), outcome.errors)
      XCTAssertEqual(try store.folder.contents(), sound)
    }
    XCTAssertEqual(server.requests.count, 3)
  }

  /// While another process installs a model, neither its part nor its name is touched.
  func testALockThatIsHeld() throws {
    let server = try makeModelServer()
    let store = try DownloadStore()
    try store.folder.write([1, 2, 3], to: ".net.part")
    let lock = open(store.folder[".net.lock"].path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(lock) }
    XCTAssertEqual(flock(lock, LOCK_EX | LOCK_NB), 0)
    let before = try store.folder.contents()
    let file = Fixture.url("pth/micro/model.f16.safetensors").path
    for outcome in try [
      store.download(server.url("/a")), store.run("add", file, "--name", "net"), store.run("remove", "net"),
    ] {
      XCTAssertEqual(outcome.status, 73, outcome.errors)
      XCTAssert(outcome.errors.contains("net: another san-cli is installing"), outcome.errors)
    }
    XCTAssertEqual(try store.folder.contents(), before)
    XCTAssertEqual(server.requests.count, 0)
    // Once its holder is gone the file is nobody's.
    XCTAssertEqual(flock(lock, LOCK_UN), 0)
    XCTAssertEqual(try store.download(server.url("/a")).status, 0)
    XCTAssertEqual(try store.files, installed)
  }

  /// Two files at once under one name: one is installed, the other refused.
  func testTwoFilesAtOnce() throws {
    let store = try DownloadStore()
    let arguments = ["pth/micro/model.f16.safetensors", "pth/micro/model.pth"].map {
      ["models", "add", Fixture.url($0).path, "--name", "net"]
    }
    let runs = try arguments.map {
      try Program.start($0, in: store.folder.url, environment: store.environment)
    }
    let outcomes = try runs.map { try $0.wait() }
    XCTAssertEqual(outcomes.map(\.status).sorted(), [0, 73], "\(outcomes)")
    XCTAssertEqual(try store.files, installed)
    XCTAssertEqual(try store.run("verify", "net").status, 0)
  }

  /// What a stopped download leaves is seen, and goes with the model's name.
  func testAPartIsToldAndTakenAway() throws {
    let model = try DownloadStore.model.get()
    let server = try makeUnsteadyServer { LoopbackServer.file(model, tag: "one", for: $0) }
    let store = try DownloadStore()
    XCTAssertEqual(try store.download(server.url("/a")).status, 74)
    let kept = try store.folder.bytes(".net.part").count
    let list = try store.run("list").output
    XCTAssert(list.contains(/\nnet +\? +\? +\? +part: 0\.\d MB of 0\.1 MB\n/), list)
    let json = try store.run("list", "--json").output
    XCTAssert(json.contains("\"part_bytes\": \(kept)"), json)
    let doctor = try Program.run(["doctor"], in: store.folder.url, environment: store.environment).output
    XCTAssert(doctor.contains("problem: \(store.folder[".net.part"].path): "), doctor)
    XCTAssert(doctor.contains("\"san-cli models remove net\""), doctor)

    let removed = try store.run("remove", "net")
    XCTAssertEqual(removed.status, 0, removed.errors)
    XCTAssertEqual(try store.files, [])
    XCTAssertEqual(try store.run("remove", "net").status, 66)
  }

  /// Bytes that another address has sent are dropped, and that is told.
  func testDroppedBytesAreTold() throws {
    let model = try DownloadStore.model.get()
    let server = try makeUnsteadyServer { LoopbackServer.file(model, tag: "one", for: $0) }
    let store = try DownloadStore()
    XCTAssertEqual(try store.download(server.url("/a")).status, 74)
    let kept = try store.folder.bytes(".net.part").count
    let outcome = try store.download(server.url("/b"))
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(
      outcome.errors.contains("\(kept) bytes, is of \(server.url("/a")); starting again"), outcome.errors)
  }
}
