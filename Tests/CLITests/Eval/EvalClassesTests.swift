import Foundation
import SANCore
import SANInference
import TestSupport
import XCTest

/// How `eval` is told its classes and its model, and where embeddings are kept.
final class EvalClassesTests: XCTestCase {
  private func names(_ report: [String: Any]) throws -> [String] {
    try XCTUnwrap(report["classes"] as? [[String: Any]]).compactMap { $0["name"] as? String }
  }

  func testVocabulary() throws {
    let eval = try Evaluating()
    try eval.addAll()
    let report = try eval.report(classes: ["--vocabulary", "voc-20"])
    let listed = try Program.run(["vocabularies", "voc-20"], in: eval.folder.url).output
    XCTAssertEqual(
      try names(report), listed.split(separator: "\n").map { String($0.split(separator: "=")[0]) })
    // Numbers in label files are places in the set.
    let classes = try XCTUnwrap(report["classes"] as? [[String: Any]])
    let known = (0..<4).flatMap(Evaluating.known).compactMap { $0 }
    XCTAssertEqual(
      classes.map { $0["true_pixels"] as? Int }, (0..<20).map { label in known.count { $0 == label } })
  }

  func testClassesFileAndSynonyms() throws {
    let eval = try Evaluating()
    try eval.addAll()
    try eval.addFile("classes.txt", Array("# pets\ncat=cat|kitten\n\ntraffic light\nsky\n".utf8))
    let classes = [ClassName("cat", synonyms: ["cat", "kitten"]), "traffic light", "sky"]
    for pooling in SynonymPooling.allCases {
      let report = try eval.report(
        ["--synonyms", pooling.rawValue], classes: ["--classes-file", "classes.txt"])
      XCTAssertEqual(try names(report), Evaluating.classes)
      XCTAssertEqual((report["settings"] as? [String: Any])?["synonyms"] as? String, pooling.rawValue)
      XCTAssertEqual(
        try Evaluating.Counts(report), try Evaluating.expected(0..<4, classes: classes, synonyms: pooling))
    }
  }

  func testCache() throws {
    let eval = try Evaluating()
    try eval.addAll()
    func kept() throws -> [String] {
      try eval.folder.contents().keys.filter { $0.hasPrefix("kept/") && $0.hasSuffix(".text") }
    }
    let without = try Evaluating.Counts(eval.report(["--no-cache"]))
    XCTAssertEqual(try kept(), [])
    for _ in 0..<2 {
      XCTAssertEqual(try Evaluating.Counts(eval.report(["--cache", "kept"])), without)
      XCTAssertEqual(try kept().count, 1)
    }
  }

  /// A configuration beside a model that has none in it, for both commands that run it.
  func testConfiguration() throws {
    let eval = try Evaluating()
    try eval.addAll()
    try ToyFiles.write(type: .float32, to: eval.folder["bare.safetensors"], configured: false)
    try eval.addFile("toy.json", Array(ProceduralModel.toyConfiguration.json.utf8))
    let model = ["--model", "bare.safetensors", "--config", "toy.json"]
    XCTAssertEqual(try Evaluating.Counts(eval.report(model)), try Evaluating.expected(0..<4))

    let options = ["--classes", "cat,dog", "--background", "none", "--templates", "plain", "--no-overlay"]
    func segment(_ model: [String], to labels: String) throws -> Program.Outcome {
      try Program.run(
        ["segment", "images/a.png", "--labels", labels] + options + model, in: eval.folder.url)
    }
    let apart = try segment(model, to: "apart.png")
    XCTAssertEqual(apart.status, 0, apart.errors)
    XCTAssertEqual(try segment(["--model", ToyFiles.model.path], to: "within.png").status, 0)
    XCTAssert(try eval.folder.bytes("apart.png") == eval.folder.bytes("within.png"))
    let missing = try segment(["--model", "bare.safetensors"], to: "none.png")
    XCTAssertEqual(missing.status, 65, missing.errors)
    XCTAssert(missing.errors.contains("config.json"), missing.errors)
  }
}
