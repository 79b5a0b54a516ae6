import Foundation
import TestSupport
import XCTest

/// A folder for models, and what `models` does with it.
struct DownloadStore {
  /// A small model with its configuration, and its SHA-256 as `sha256sum` tells it.
  static let model = Result { try Fixture.bytes("pth/micro/model.f16.safetensors") }
  static let digest = "5b65201c792098d7534a0635ccd7f96b83c3f062314415826d991c29e1adbac5"

  let folder: Scratch

  init() throws { folder = try Scratch() }

  var environment: [String: String] { ["SAN_MODEL_DIR": folder.url.path] }

  func run(_ arguments: String..., shell: String? = nil) throws -> Program.Outcome {
    try Program.run(["models"] + arguments, in: folder.url, shell: shell, environment: environment)
  }

  /// Downloads what is at `url` under the name `net`.
  func download(_ url: String, digest: String = DownloadStore.digest) throws -> Program.Outcome {
    try run("download", "net", "--url", url, "--sha256", digest)
  }

  var files: [String] { get throws { try folder.contents().keys.sorted() } }
}

extension XCTestCase {
  func makeServer(
    _ answer: @escaping @Sendable (LoopbackServer.Request) -> LoopbackServer.Answer
  ) throws -> LoopbackServer {
    let server = try LoopbackServer(answer: answer)
    addTeardownBlock { server.stop() }
    return server
  }

  /// A server that ends the first connection early, and then is what `later` says.
  func makeUnsteadyServer(
    _ later: @escaping @Sendable (LoopbackServer.Request) -> LoopbackServer.Answer
  ) throws -> LoopbackServer {
    let model = try DownloadStore.model.get()
    let isFirst = Once()
    return try makeServer { request in
      guard isFirst.take() else { return later(request) }
      var answer = LoopbackServer.file(model, tag: "one", for: request)
      answer.sent = 60_000
      return answer
    }
  }
}
