import Foundation
import SANCore
import SANExport
import SANInference
import XCTest

/// What the server answers is what the library finds.
final class AnswerTests: XCTestCase {
  private let classes = ["cup", "spoon", "table"]
  private let query = "classes=cup,spoon,table"

  private func found(
    background: Background = .distractors, threshold: Float? = nil
  ) throws -> (image: RGBImage, result: Segmentation) {
    let segmenter = try TestServer.segmenter.get()
    let image = try RGBImage(decoding: TestServer.photo("coffee.png"), name: "coffee.png")
    let vocabulary = try segmenter.vocabulary(classes, background: background)
    return (
      image,
      try segmenter.segment(image, vocabulary: vocabulary, threshold: threshold, scores: true, doubt: true)
    )
  }

  func testReport() async throws {
    let server = try await TestServer()
    let answer = try server.segment(TestServer.photo("coffee.png"), query)
    XCTAssertEqual(answer.status, 200, answer.text)
    XCTAssertEqual(answer.headers["content-type"], "application/json")
    XCTAssertEqual(answer.headers["cache-control"], "no-store")
    let (_, result) = try found()
    let told = try XCTUnwrap(answer.json["classes"] as? [[String: Any]])
    XCTAssertEqual(told.map { $0["name"] as? String }, classes)
    XCTAssertEqual(told.map { $0["pixels"] as? Int }, result.classes.map(\.pixels))
    XCTAssertEqual(told.map { $0["label"] as? Int }, [0, 1, 2])
    XCTAssertEqual((answer.json["other"] as? [String: Any])?["pixels"] as? Int, result.other?.pixels)
    XCTAssertEqual((answer.json["image"] as? [String: Any])?["width"] as? Int, 600)
    let model = try XCTUnwrap(answer.json["model"] as? [String: Any])
    XCTAssertEqual(model["name"] as? String, "san-mini")
    XCTAssertEqual(model["path"] as? String, "san-mini", "where the model's file lies is nobody's business")
    XCTAssertEqual((answer.json["outputs"] as? [String: Any])?.count, 0)
    XCTAssertEqual((answer.json["background"] as? [String: Any])?["mode"] as? String, "distractors")
    XCTAssertNotNil((answer.json["doubt"] as? [String: Any])?["unsure"])
  }

  func testPicturesByAccept() async throws {
    let server = try await TestServer()
    let photo = try TestServer.photo("coffee.png")
    let (image, result) = try found(background: .none)
    let query = query + "&background=none"

    let overlay = try Overlay.render(image, labels: result.labels, classes: classes)
    var answer = try server.segment(photo, query, accept: "image/png")
    XCTAssertEqual(answer.headers["content-type"], "image/png")
    XCTAssertEqual(answer.body, try PNGWriter.encode(overlay))
    answer = try server.segment(photo, query, accept: "image/jpeg, application/json;q=0.5")
    XCTAssertEqual(answer.headers["content-type"], "image/jpeg")
    XCTAssertEqual(answer.body, try PictureWriter.jpeg.encode(overlay, name: ""))

    answer = try server.segment(photo, query + "&outputs=labels", accept: "image/png")
    XCTAssertEqual(answer.body, try LabelRendering.labelMap(result.labels, classCount: 3))
    XCTAssertEqual(
      try LabelImage(decoding: answer.body, name: "").labels,
      result.labels.labels.map { $0 == LabelMap.other ? 255 : $0 })
    answer = try server.segment(photo, query + "&outputs=labels&labels_as=grey", accept: "image/png")
    XCTAssertEqual(answer.body, try LabelRendering.labelMap(result.labels, classCount: 3, kind: .grey))

    answer = try server.segment(photo, query + "&outputs=cutout&keep=cup,spoon", accept: "image/png")
    XCTAssertEqual(
      answer.body,
      try PNGWriter.encode(
        rgba: Cutout.render(image, labels: result.labels, keeping: [0, 1]), width: 600, height: 400))
  }

  func testPicturesInJSON() async throws {
    let server = try await TestServer()
    let answer = try server.segment(
      TestServer.photo("coffee.png"), query + "&outputs=labels,scores&outputs=overlay&threshold=0.3")
    let outputs = try XCTUnwrap(answer.json["outputs"] as? [String: String], answer.text)
    XCTAssertEqual(outputs.keys.sorted(), ["labels", "overlay", "scores"])
    func bytes(_ name: String) throws -> [UInt8] {
      Array(try XCTUnwrap(Data(base64Encoded: XCTUnwrap(outputs[name]))))
    }
    let (_, result) = try found(threshold: 0.3)
    XCTAssertEqual(try bytes("labels"), try LabelRendering.labelMap(result.labels, classCount: 3))
    XCTAssertEqual(answer.json["threshold"] as? Double, 0.3)
    // The best of the classes' scores, from all scores as the library keeps them.
    let all = try XCTUnwrap(result.scores)  // [3, 400, 600]
    let count = 600 * 400
    let expected = all.withUnsafeBufferPointer { scores in
      (0..<count).map { pixel in
        UInt16(min((0..<3).map { scores[$0 * count + pixel] }.max()! * 100 + 0.5, 255))
      }
    }
    XCTAssertEqual(try LabelImage(decoding: bytes("scores"), name: "").labels, expected)
  }

  func testKeptPhotoAnswersTheSame() async throws {
    let server = try await TestServer()
    let photo = try TestServer.photo("coffee.png")
    let kept = try server.ask(
      "POST", "/v1/encode", headers: ["Content-Type": "image/png"], body: photo)
    XCTAssertEqual(kept.status, 201, kept.text)
    XCTAssertEqual(kept.json["width"] as? Int, 600)
    XCTAssertEqual(kept.json["kept_seconds"] as? Int, 600)
    let name = try XCTUnwrap(kept.json["photo"] as? String)
    for output in ["labels", "overlay", "cutout", "scores"] {
      let form = "photo=\(name)&classes=cup%2Cspoon,table&background=lamp,wall&outputs=\(output)"
      let later = try server.ask(
        "POST", "/v1/segment",
        headers: ["Content-Type": "application/x-www-form-urlencoded", "Accept": "image/png"],
        body: Array(form.utf8))
      XCTAssertEqual(later.status, 200, later.text)
      let once = try server.segment(
        photo, query + "&background=lamp,wall&outputs=\(output)", accept: "image/png")
      XCTAssertEqual(later.body, once.body, output)
    }
    // No picture but the question: the body may be empty, too.
    let empty = try server.ask("POST", "/v1/segment?photo=\(name)&vocabulary=voc-20")
    XCTAssertEqual(empty.status, 200, empty.text)
    XCTAssertEqual((empty.json["classes"] as? [Any])?.count, 20)
    XCTAssertTrue(empty.json["other"] is NSNull, "a data set's classes have no background unless asked for")
  }

  func testMultipart() async throws {
    let server = try await TestServer()
    let photo = try TestServer.photo("coffee.png")
    func body(_ parts: [(head: String, bytes: [UInt8])], end: String = "--\r\n") -> [UInt8] {
      parts.flatMap { Array("--x y\r\n\($0.head)\r\n\r\n".utf8) + $0.bytes + Array("\r\n".utf8) }
        + Array("--x y\(end)".utf8)
    }
    let headers = ["Content-Type": "multipart/form-data; boundary=\"x y\""]
    let fields: [(head: String, bytes: [UInt8])] = [
      (#"Content-Disposition: form-data; name="classes""#, Array("mug=cup|mug,table".utf8)),
      (
        #"content-disposition: form-data; filename="a;b.png"; name=image"# + "\r\nContent-Type: image/png",
        photo
      ),
    ]
    let answer = try server.ask("POST", "/v1/segment?background=none", headers: headers, body: body(fields))
    XCTAssertEqual(answer.status, 200, answer.text)
    XCTAssertEqual((answer.json["image"] as? [String: Any])?["path"] as? String, "a;b.png")
    XCTAssertEqual(
      (answer.json["classes"] as? [[String: Any]])?.map { $0["name"] as? String }, ["mug", "table"])

    let damaged: [[UInt8]] = [
      Array(body(fields).dropLast(10)), Array("nothing".utf8), Array("--x y".utf8), body(fields, end: "oops"),
      body([(head: "Content-Disposition: form-data", bytes: photo)]), body([(head: "", bytes: [])]),
      Array("--x y\r\n\r\n--x y--".utf8), body(fields + fields),
    ]
    for (index, bytes) in damaged.enumerated() {
      let answer = try server.ask("POST", "/v1/segment", headers: headers, body: bytes)
      XCTAssertEqual(answer.status, 400, "\(index): \(answer.text)")
    }
    let unbound = try server.ask(
      "POST", "/v1/segment", headers: ["Content-Type": "multipart/form-data"], body: body(fields))
    XCTAssertEqual(unbound.status, 400)
  }
}
