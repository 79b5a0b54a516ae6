import Foundation
import SANCore
import SANInference
import SANWeights
import TestSupport
import XCTest

final class VocabularyTests: XCTestCase {
  private static let shared = try? ToyModelFile.segmenter()
  private var segmenter: Segmenter { get throws { try XCTUnwrap(Self.shared) } }

  private func assertRefused(
    _ classes: [String], _ expected: VocabularyError, file: StaticString = #filePath, line: UInt = #line
  ) throws {
    XCTAssertThrowsError(try segmenter.vocabulary(classes), file: file, line: line) {
      XCTAssertEqual($0 as? VocabularyError, expected, file: file, line: line)
      XCTAssertFalse("\($0)".contains("\n"), file: file, line: line)
    }
  }

  func testRefusedLists() throws {
    try assertRefused([], .empty)
    try assertRefused(["cat", ""], .blank(position: 1))
    try assertRefused([" \t\n"], .blank(position: 0))
    try assertRefused(["cat", "dog", "cat"], .duplicate(name: "cat", first: 0, second: 2))
    try assertRefused(["a  Cat", "A cat "], .duplicate(name: "A cat ", first: 0, second: 1))
    XCTAssertThrowsError(try segmenter.vocabulary(["cat"], background: .names(["dog", " "]))) {
      XCTAssertEqual($0 as? VocabularyError, .blankBackground(position: 1))
    }
    try assertRefused(Array(repeating: "x", count: 65_536), .tooMany(count: 65_536))
  }

  func testClassifierRows() throws {
    let vocabulary = try segmenter.vocabulary(["cat", "dog"], background: .names(["car"]), templates: .vild)
    XCTAssertEqual(vocabulary.classifier.shape, [4, 32])
    XCTAssertEqual(vocabulary.distractors, ["car"])
    // The row of "cat" is the published implementation's, whatever stands beside it.
    let golden = try Golden("golden/toy.golden.safetensors")["text_classifier"]
    assertClose(vocabulary.classifier.rows(0..<1), golden.rows(0..<1), tolerance: 2e-5)
    assertClose(vocabulary.classifier.rows(3..<4), golden.rows(6..<7), tolerance: 2e-5)
  }

  func testLongNamesAreReported() throws {
    let long = String(repeating: "very ", count: 90) + "long"
    let vocabulary = try segmenter.vocabulary(["cat", long], background: .none)
    XCTAssertEqual(vocabulary.truncated, [long])
  }

  func testTwoThousandClasses() throws {
    let classes = (0..<2000).map { "thing number \($0)" }
    let vocabulary = try segmenter.vocabulary(classes, background: .none, templates: .plain)
    XCTAssertEqual(vocabulary.classifier.shape, [2001, 32])
    let image = try RGBImage(width: 40, height: 30, pixels: (0..<3600).map { UInt8($0 % 251) })
    let result = try segmenter.segment(image, vocabulary: vocabulary)
    XCTAssertEqual(result.classes.count, 2000)
    XCTAssertEqual(result.classes.reduce(0) { $0 + $1.pixels }, 1200)
  }

  func testSetsThatComeWithThePackage() throws {
    // A set's name ends in its count, so that no file can be short.
    let expected = [
      ("coco-stuff-171", "person", "wood"), ("coco-80", "person", "toothbrush"),
      ("voc-20", "aeroplane", "tv"), ("pascal-context-59", "aeroplane", "wood"),
      ("pascal-context-459", "accordion", "wool"), ("ade20k-150", "wall", "flag"),
      ("ade20k-847", "wall", "adding machine, totalizer, totaliser"), ("cityscapes-19", "road", "bicycle"),
    ]
    XCTAssertEqual(Vocabularies.all, expected.map(\.0))
    for (set, first, last) in expected {
      let names = try Vocabularies.names(of: set)
      XCTAssertEqual("\(names.count)", set.split(separator: "-").last.map(String.init))
      XCTAssertEqual([names.first, names.last], [first, last], set)
      XCTAssertNoThrow(try VocabularyError.check(names.map { ClassName($0) }), set)
    }
    XCTAssertEqual(
      try Vocabularies.names(of: "coco-80"), Array(try Vocabularies.names(of: "coco-stuff-171")[..<80]))
    XCTAssertEqual(try Vocabularies.names(of: "ade20k-847")[1], "building, edifice")
    let folder = URL(fileURLWithPath: try SANWeights.vocabularyPath("voc-20")).deletingLastPathComponent()
    XCTAssertEqual(
      Set(try FileManager.default.contentsOfDirectory(atPath: folder.path)),
      Set(Vocabularies.all.map { "\($0).txt" } + ["README.md"]))
  }

  func testUnknownSets() {
    for name in ["", "coco", "COCO-80", "../vocabularies/coco-80", "coco-80.txt"] {
      XCTAssertThrowsError(try Vocabularies.names(of: name)) { error in
        XCTAssertEqual(error as? UnknownVocabularyError, UnknownVocabularyError(name: name))
        for known in Vocabularies.all { XCTAssert("\(error)".contains(known)) }
      }
    }
  }

  func testDistractorsLeaveOutWhatIsNear() throws {
    let all = try Vocabularies.names(of: "coco-stuff-171")
    XCTAssertEqual(all.count, 171)
    func left(_ classes: [String]) throws -> Set<String> {
      Set(all).subtracting(try Background.distractors.distractors(beside: classes))
    }
    XCTAssertEqual(try left(["cat"]), ["cat"])
    XCTAssertEqual(try left(["kittens"]), ["cat"])
    XCTAssertEqual(try left(["Red Cars"]), ["car"])
    XCTAssertEqual(try left(["sofa"]), ["couch"])
    XCTAssertEqual(try left(["woman"]), ["person"])
    XCTAssertEqual(try left(["sky"]), ["sky-other"])
    XCTAssertEqual(try left(["dragon"]), [])
    XCTAssertEqual(try left(["table"]), ["dining table", "table"])
    XCTAssertEqual(
      try left(["wall"]),
      ["wall-brick", "wall-concrete", "wall-other", "wall-panel", "wall-stone", "wall-tile", "wall-wood"])
    XCTAssertEqual(Background.none, .none)
    XCTAssertEqual(try Background.none.distractors(beside: ["cat"]), [])
    XCTAssertEqual(try Background.names(["b", "a"]).distractors(beside: ["a"]), ["b", "a"])
  }
}
