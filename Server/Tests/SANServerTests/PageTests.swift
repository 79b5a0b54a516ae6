import Foundation
import SANInference
import SANServer
import XCTest

/// What is served beside answers: the page, the description, the lists and figures.
final class PageTests: XCTestCase {
  func testPage() async throws {
    let server = try await TestServer()
    for (target, type) in [
      ("/", "text/html"), ("/index.html", "text/html"), ("/main.js", "text/javascript"),
      ("/api.js", "text/javascript"),
      ("/labels.js", "text/javascript"), ("/style.css", "text/css"), ("/icon.svg", "image/svg+xml"),
      ("/coffee.jpg", "image/jpeg"),
    ] {
      let answer = try server.ask("GET", target)
      XCTAssertEqual(answer.status, 200, target)
      XCTAssertEqual(
        answer.headers["content-type"]?.split(separator: ";").first.map(String.init), type, target)
      XCTAssertEqual(answer.headers["x-content-type-options"], "nosniff")
      let policy = try XCTUnwrap(answer.headers["content-security-policy"])
      XCTAssertTrue(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"), policy)
      XCTAssertFalse(policy.contains("unsafe"), policy)
    }
    let sample = try RGBImage(decoding: server.ask("GET", "/coffee.jpg").body, name: "coffee.jpg")
    XCTAssertEqual([sample.width, sample.height], [600, 400])
    // Nothing comes from elsewhere, and nothing is written into the page that its policy would stop.
    let page = try server.ask("GET", "/").text
    XCTAssertFalse(page.contains("http://") || page.contains("https://") || page.contains("style="), page)
  }

  func testLists() async throws {
    let server = try await TestServer()
    XCTAssertEqual(try server.ask("GET", "/health").json as? [String: String], ["status": "ok"])
    XCTAssertEqual(try server.ask("HEAD", "/health").status, 200)
    let models = try server.ask("GET", "/v1/models").json
    let model = try XCTUnwrap((models["models"] as? [[String: Any]])?.first)
    XCTAssertEqual(model["name"] as? String, "san-mini")
    XCTAssertEqual(model["precision"] as? String, "f32")
    XCTAssertEqual(models["vocabularies"] as? [String], Vocabularies.all)
    XCTAssertEqual((models["limits"] as? [String: Int])?["pixels"], ServerLimits().pixels)
  }

  func testDescriptionHasEveryAddress() async throws {
    let server = try await TestServer()
    let description = try server.ask("GET", "/openapi.json").json
    let paths = try XCTUnwrap(description["paths"] as? [String: [String: Any]])
    XCTAssertEqual(
      paths.keys.sorted(),
      ["/health", "/metrics", "/openapi.json", "/v1/encode", "/v1/models", "/v1/segment"])
    for (path, methods) in paths {
      for method in methods.keys {
        XCTAssertNotEqual(try server.ask(method.uppercased(), path).status, 404, path)
        XCTAssertNotEqual(try server.ask(method.uppercased(), path).status, 405, path)
      }
    }
    // The sets of classes that it lists are those that there are.
    let segment = try XCTUnwrap(paths["/v1/segment"]?["post"] as? [String: Any])
    let parameters = try XCTUnwrap(segment["parameters"] as? [[String: Any]])
    let vocabulary = parameters.first { $0["name"] as? String == "vocabulary" }
    XCTAssertEqual((vocabulary?["schema"] as? [String: Any])?["enum"] as? [String], Vocabularies.all)
  }

  func testFigures() async throws {
    let server = try await TestServer()
    _ = try server.ask("GET", "/health")
    _ = try server.ask("GET", "/health")
    _ = try server.ask("GET", "/some/where")
    let kept = try server.ask(
      "POST", "/v1/encode", headers: ["Content-Type": "image/png"],
      body: TestServer.grey(width: 32, height: 32))
    XCTAssertEqual(kept.status, 201)
    let answer = try server.ask("GET", "/metrics")
    XCTAssertEqual(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
    let lines = answer.text.split(separator: "\n").map(String.init)
    for line in [
      #"san_requests_total{path="/health",status="200"} 2"#,
      #"san_requests_total{path="other",status="404"} 1"#,
      #"san_requests_total{path="/v1/encode",status="201"} 1"#,
      #"san_request_seconds_count{path="/health"} 2"#,
      #"san_request_seconds_bucket{path="/health",le="+Inf"} 2"#, "# TYPE san_request_seconds histogram",
      "san_kept_photos 1", "san_running 0",
    ] { XCTAssertTrue(lines.contains(line), "\(line) is not in\n\(answer.text)") }
  }
}
