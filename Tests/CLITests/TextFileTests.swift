import Foundation
import TestSupport
import XCTest

/// Text that users write: with a byte order mark, as some editors save it, and class lists of other programs'.
final class TextFileTests: XCTestCase {
  private let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// Every text file that `segment` takes means the same with the mark as without.
  func testByteOrderMarksOfSegment() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.png", "b.png")
    try ToyFiles.write(type: .float32, to: segmenting.folder["plain.safetensors"], configured: false)
    let json = ProceduralModel.toyConfiguration.json
    for (start, name) in [([], "plain"), (mark, "marked")] as [([UInt8], String)] {
      try segmenting.addFile("list.txt", start + Array("a.png\nb.png\n".utf8))
      try segmenting.addFile("classes.txt", start + Array("cat\ndog\n".utf8))
      try segmenting.addFile("templates.txt", start + Array("a {}\n".utf8))
      try segmenting.addFile("config.json", start + Array(json.utf8))
      let outcome = try Program.run(
        [
          "segment", "--list", "list.txt", "--classes-file", "classes.txt", "--templates", "templates.txt",
          "--model", "plain.safetensors", "--config", "config.json", "--background", "none", "--no-overlay",
          "--labels", name, "--json", name,
        ], in: segmenting.folder.url)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssertEqual(outcome.images, ["a.png", "b.png"])
      XCTAssertEqual(Set(outcome.rows.map { $0[1] }).subtracting(["cat", "dog"]), [])
    }
    for file in ["a.png", "b.png"] {
      XCTAssertEqual(
        try segmenting.folder.bytes("plain/\(file)"), try segmenting.folder.bytes("marked/\(file)"))
    }
  }

  func testByteOrderMarksOfEval() throws {
    let eval = try Evaluating()
    try eval.addAll()
    try eval.addFile("list.txt", mark + Array("a\nb/c\n".utf8))
    try eval.addFile("names.txt", mark + Array("0\tcat\n1\tsky\n".utf8))
    let report = try eval.report(["--list", "list.txt", "--label-names", "names.txt"])
    XCTAssertEqual(report["images"] as? Int, 2)
  }

  /// `names:` of YAML and arrays of JSON, held against the classes that come of them.
  func testNamesOfOtherPrograms() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.png")
    let cases: [(name: String, text: String, classes: [String])] = [
      (
        "list.yaml", "path: x\nnames:\n  - cat\n  - 'it''s'  # a comment\n  - \"a\\u0062 #c\"\nnc: 3\n",
        ["cat", "it's", "ab #c"]
      ),
      ("flush.yml", "# classes\nnames:\n- traffic light\n- dog\ntrain: images\n", ["traffic light", "dog"]),
      (
        "map.yaml", "names:\n  1: dog\n  0: cat\n\n  # two\n  2: a=b|c\nval: images\n",
        ["cat", "dog", "a=b|c"]
      ),
      (
        "flow.YAML", "nc: 2\nnames: [ cat, 'a, b',\n  \"dog\" ]  # three\ntrain: x\n", ["cat", "a, b", "dog"]
      ),
      ("flowmap.yaml", "names: {0: cat, '1': dog}\n", ["cat", "dog"]),
      ("crlf.yaml", "names:\r\n  - cat\r\n  - dog\r\n", ["cat", "dog"]),
      ("marked.yaml", "\u{FEFF}names: [cat]\n", ["cat"]),
      ("array.json", "[\"cat\", \"a # b\",\n \"caf\\u00e9\"]\n", ["cat", "a # b", "café"]),
    ]
    for (name, text, classes) in cases {
      try segmenting.addFile(name, Array(text.utf8))
      let outcome = try Program.run(
        [
          "segment", "a.png", "--classes-file", name, "--model", ToyFiles.model.path, "--background", "none",
          "--templates", "plain", "--no-overlay", "--json", "-",
        ], in: segmenting.folder.url)
      XCTAssertEqual(outcome.status, 0, "\(name): \(outcome.errors)")
      let json = try XCTUnwrap(
        try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
      let found = try XCTUnwrap(json["classes"] as? [[String: Any]]).map { $0["name"] as? String }
      XCTAssertEqual(found, classes, name)
    }
  }

  func testNamesThatAreRefused() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.png")
    let cases: [(name: String, text: String, error: String)] = [
      ("a.yaml", "path: x\ntrain: y\n", "a.yaml: is YAML without names: at its top level"),
      ("a.yaml", "names:\n", "a.yaml: line 1: names: has no name"),
      ("a.yaml", "names: 3\n", "a.yaml: line 1: names: is neither a list nor a map"),
      ("a.yaml", "names:\n  - cat\n  - {a: b}\n", "a.yaml: line 3: \"{a: b}\" is more than a name"),
      ("a.yaml", "names:\n  - &x cat\n", "a.yaml: line 2: \"&x cat\" is more than a name"),
      ("a.yaml", "names:\n  0: cat\n  2: dog\n", "a.yaml: line 3: the numbers of names: are not 0 to 1"),
      ("a.yaml", "names:\n  0: cat\n  0: dog\n", "a.yaml: line 3: the numbers of names: are not 0 to 1"),
      ("a.yaml", "names:\n  - cat\n  1: dog\n", "a.yaml: line 3: names: is a list in part"),
      ("a.yaml", "names:\n  - cat\n    - dog\n", "a.yaml: line 3: is indented unlike"),
      ("a.yaml", "names: [cat, dog\n", "a.yaml: line 2: "),
      ("a.yaml", "names: ['cat]\n", "a.yaml: line 1: the name has no closing quotation mark"),
      ("a.yaml", "names: [\"c\\x41t\"]\n", "a.yaml: line 1: \"c\\x41t\" has an escape"),
      ("a.yaml", "names: [cat]\nnames: [dog]\n", "a.yaml: line 2: names: is on line 1 already"),
      ("a.yaml", "names:\n  - cat\n  - Cat\n", "a.yaml: line 3: class \"Cat\" is on line 2 already"),
      ("a.json", "{\"names\": [\"cat\"]}", "a.json: is JSON, but no array of names"),
      ("a.json", "cat\ndog\n", "a.json: is not JSON"),
      ("a.json", "[\"cat\", 2]", "a.json: element 2 of the array is no name"),
      ("a.json", "[\"cat\", \"cat\"]", "a.json: class \"cat\" is number 1 already"),
      ("a.json", "[]", "a.json: has no class"),
    ]
    for (name, text, error) in cases {
      try segmenting.addFile(name, Array(text.utf8))
      let outcome = try Program.run(
        ["segment", "a.png", "--classes-file", name, "--model", ToyFiles.model.path],
        in: segmenting.folder.url)
      XCTAssertEqual(outcome.status, 65, "\(text): \(outcome.errors)")
      XCTAssert(outcome.errors.hasPrefix("san-cli: --classes-file: \(error)"), "\(text): \(outcome.errors)")
      XCTAssertEqual(outcome.errorLines.count, 1, outcome.errors)
    }
  }
}
