import Foundation
import SANInference
import XCTest

/// `vocabularies`: what it prints can be read back.
final class VocabulariesTests: XCTestCase {
  func testList() throws {
    let folder = try Scratch()
    let table = try Program.run(["vocabularies"], in: folder.url)
    XCTAssertEqual(table.status, 0, table.errors)
    let rows = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    XCTAssertEqual(rows.first, ["vocabulary", "classes"])
    XCTAssertEqual(
      rows.dropFirst().map { $0 }, Vocabularies.all.map { [$0, String($0.split(separator: "-").last!)] })

    let list = try Program.run(["vocabularies", "--json"], in: folder.url)
    let sets = try XCTUnwrap(
      try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]])
    XCTAssertEqual(sets.compactMap { $0["name"] as? String }, Vocabularies.all)
    XCTAssertEqual(sets.compactMap { $0["classes"] as? Int }, [171, 80, 20, 59, 459, 150, 847, 19])
    XCTAssertEqual(try folder.contents().count, 0)
  }

  func testASetIsAClassesFile() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 9, height: 8), to: "photo.png")
    for set in Vocabularies.all {
      let names = try Vocabularies.names(of: set)
      let printed = try Program.run(["vocabularies", set], in: folder.url)
      XCTAssertEqual(printed.status, 0, printed.errors)
      XCTAssertEqual(printed.output, names.map { "\($0)\n" }.joined())
      try folder.write(Array(printed.output.utf8), to: "my.txt")
      let outcome = try Program.run(
        [
          "segment", "photo.png", "--model", ToyFiles.model.path, "--classes-file", "my.txt", "--templates",
          "plain", "--background", "none", "--json", "-",
        ], in: folder.url)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
      let classes = try XCTUnwrap(report?["classes"] as? [[String: Any]])
      XCTAssertEqual(classes.compactMap { $0["name"] as? String }, names, set)

      let json = try Program.run(["vocabularies", set, "--json"], in: folder.url)
      let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
      XCTAssertEqual(object?["name"] as? String, set)
      XCTAssertEqual(object?["classes"] as? [String], names)
    }
  }
}
