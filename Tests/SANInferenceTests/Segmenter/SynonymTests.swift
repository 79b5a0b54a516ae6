import SANCore
import SANInference
import TestSupport
import XCTest

final class SynonymTests: XCTestCase {
  private static let shared = try? ToyModelFile.segmenter()
  private var segmenter: Segmenter { get throws { try XCTUnwrap(Self.shared) } }

  /// Both ways to combine, against our PyTorch reference.
  func testAgainstTheReference() throws {
    let classes = [
      ClassName("cat", synonyms: ["cat", "kitten", "tabby"]), "sky",
      ClassName("vehicle", synonyms: ["a red car", "truck"]),
    ]
    let golden = try Golden("reference/toy_synonyms.safetensors")
    let pixels = try golden["photo"]  // [23, 31, 3]
    let photo = try RGBImage(width: 31, height: 23, pixels: pixels.values.map { UInt8($0) })
    for pooling in SynonymPooling.allCases {
      let vocabulary = try segmenter.vocabulary(classes, synonyms: pooling, background: .none)
      XCTAssertEqual(vocabulary.classes, ["cat", "sky", "vehicle"])
      let name = pooling.rawValue
      if pooling == .mean {
        assertClose(vocabulary.classifier, try golden["classifier.mean"], tolerance: 2e-5)
        XCTAssertEqual(vocabulary.rowCounts, [1, 1, 1])
      } else {
        XCTAssertEqual(vocabulary.classifier.shape, [7, 32])
        XCTAssertEqual(vocabulary.rowCounts, [3, 1, 2])
      }
      let result = try segmenter.segment(photo, vocabulary: vocabulary, scores: true)
      XCTAssertEqual(result.classLogits.shape, [10, 4])
      assertClose(result.classLogits, try golden["class_logits.\(name)"], tolerance: 5e-3, name)
      assertClose(try XCTUnwrap(result.scores), try golden["scores.\(name)"], tolerance: 1e-3, name)
      XCTAssertEqual(result.classes.map(\.name), ["cat", "sky", "vehicle"])
    }
  }

  /// Distractors and "no object" keep their places behind classes of several rows.
  func testDistractorsBesideSynonyms() throws {
    let image = try RGBImage(width: 40, height: 30, pixels: (0..<3600).map { UInt8($0 % 251) })
    let own = ClassName("pet", synonyms: ["cat", "dog"])
    let folded = try segmenter.segment(
      image, vocabulary: segmenter.vocabulary([own, "sky"], background: .names(["car", "oak"])))
    let flat = try segmenter.segment(
      image,
      vocabulary: segmenter.vocabulary(["cat", "dog", "sky"], background: .names(["car", "oak"])))
    XCTAssertEqual(folded.classLogits.shape, [10, 5])
    for query in 0..<10 {
      let names = (0..<6).map { flat.classLogits[query * 6 + $0] }
      XCTAssertEqual(
        (0..<5).map { folded.classLogits[query * 5 + $0] }, [max(names[0], names[1])] + names[2...])
    }
    XCTAssertEqual(folded.classes.map(\.name), ["pet", "sky"])
    XCTAssertNotNil(folded.other)
  }

  func testOneNameIsAPlainClass() throws {
    let plain = try segmenter.vocabulary(["cat", "dog"], background: .none)
    for pooling in SynonymPooling.allCases {
      let titled = try segmenter.vocabulary(
        [ClassName("a title", synonyms: ["cat"]), "dog"], synonyms: pooling, background: .none)
      XCTAssertEqual(titled.classes, ["a title", "dog"])
      XCTAssertEqual(titled.classifier.values, plain.classifier.values)
      XCTAssertEqual(titled.rowCounts, [1, 1])
    }
  }

  func testDistractorsNearASynonymAreLeftOut() throws {
    let all = Set(try Vocabularies.names(of: "coco-stuff-171"))
    func left(_ classes: [ClassName]) throws -> Set<String> {
      try all.subtracting(segmenter.vocabulary(classes, templates: .plain).distractors)
    }
    XCTAssertEqual(try left([ClassName("favourite", synonyms: ["kitten", "sheep"])]), ["cat", "sheep"])
    XCTAssertEqual(try left([ClassName("sofa", synonyms: ["a thing to sit on"])]), ["couch"])
  }

  func testLongSynonymsAreReported() throws {
    let long = String(repeating: "very ", count: 90) + "long"
    for pooling in SynonymPooling.allCases {
      let vocabulary = try segmenter.vocabulary(
        ["sky", ClassName("cat", synonyms: ["cat", long])], synonyms: pooling, background: .none)
      XCTAssertEqual(vocabulary.truncated, [long])
    }
  }

  func testRefusedLists() throws {
    let cases: [(classes: [ClassName], error: VocabularyError, says: [String])] = [
      (
        [
          ClassName("cat", synonyms: ["cat", "kitten"]), "sky",
          ClassName("pet", synonyms: ["dog", " Kitten"]),
        ],
        .duplicateSynonym(name: " Kitten", titles: ["cat", "pet"], first: 0, second: 2),
        ["\"cat\"", "\"pet\""]
      ),
      (
        ["sky", ClassName("cat", synonyms: ["cat", "tabby", "tabby"])],
        .duplicateSynonym(name: "tabby", titles: ["cat"], first: 1, second: 1), ["\"cat\"", "\"tabby\""]
      ),
      (
        [ClassName("cat", synonyms: ["tabby"]), ClassName("Cat", synonyms: ["kitten"])],
        .duplicate(name: "Cat", first: 0, second: 1), ["1 and 2"]
      ),
      ([ClassName("cat", synonyms: ["cat", "\t"])], .blankSynonym(title: "cat", position: 0), ["\"cat\""]),
      ([ClassName(" ", synonyms: ["cat"])], .blank(position: 0), ["class 1"]),
      (
        [ClassName("many", synonyms: (0...65_535).map { "\($0)" })], .tooMany(count: 65_536), ["65535"]
      ),
    ]
    for (classes, expected, says) in cases {
      XCTAssertThrowsError(try segmenter.vocabulary(classes)) { error in
        XCTAssertEqual(error as? VocabularyError, expected)
        for text in says { XCTAssert("\(error)".contains(text), "\(error)") }
      }
    }
    // A title is no name: one class may be called what another is looked for by.
    XCTAssertNoThrow(
      try segmenter.vocabulary([ClassName("cat", synonyms: ["tabby"]), ClassName("pet", synonyms: ["cat"])]))
  }

  func testParsing() throws {
    let cases: [(text: String, title: String, synonyms: [String])] = [
      ("cat", "cat", ["cat"]), (" traffic light\t", "traffic light", ["traffic light"]),
      ("cat=cat|kitten|tabby", "cat", ["cat", "kitten", "tabby"]),
      (" pet = cat | a small dog ", "pet", ["cat", "a small dog"]), ("pet=cat", "pet", ["cat"]),
      (#"a\=b"#, "a=b", ["a=b"]), (#"a\|b"#, "a|b", ["a|b"]), ("a\\,b\\#\\\\", "a,b#\\", ["a,b#\\"]),
      (#"x\|=a\=b|c\|d"#, "x|", ["a=b", "c|d"]), (#"back\"#, "back", ["back"]),
      ("", "", [""]), ("cat=", "cat", [""]), ("cat=a||b", "cat", ["a", "", "b"]),
      ("chat=猫|кот", "chat", ["猫", "кот"]),
    ]
    for (text, title, synonyms) in cases {
      let name = try ClassName(parsing: text)
      XCTAssertEqual(name.title, title, text)
      XCTAssertEqual(name.synonyms, synonyms, text)
    }
    for text in ["cat|kitten", "|"] {
      XCTAssertThrowsError(try ClassName(parsing: text)) {
        XCTAssertEqual($0 as? ClassSyntaxError, .noTitle(text: text))
      }
    }
    for text in ["=", "=a", " = a|b"] {
      XCTAssertThrowsError(try ClassName(parsing: text)) {
        XCTAssertEqual($0 as? ClassSyntaxError, .blankTitle(text: text))
      }
    }
    for text in ["a=b=c", "==", "a=b|c=d"] {
      XCTAssertThrowsError(try ClassName(parsing: text)) {
        XCTAssertEqual($0 as? ClassSyntaxError, .secondEqualsSign(text: text))
      }
    }
    for name in ["building, edifice", "a=b|c", #"\=\\"#, "# 1", "猫|кот"] {
      let text = EscapedText.escape(name, ["=", "|", "#"])
      XCTAssertEqual(try ClassName(parsing: text), ClassName(name), text)
    }
    XCTAssertEqual("cat" as ClassName, ClassName("cat", synonyms: ["cat"]))
    // Not parsed.
    XCTAssertEqual(("a=b" as ClassName).title, "a=b")
  }

  func testLists() throws {
    let cases: [(text: String, classes: [ClassName])] = [
      ("", []), ("cat", ["cat"]),
      ("cat=cat|kitten, dog", [ClassName("cat", synonyms: ["cat", "kitten"]), "dog"]),
      (#"building\, edifice,sky"#, ["building, edifice", "sky"]), ("a,,b", ["a", "", "b"]), (",", ["", ""]),
    ]
    for (text, classes) in cases { XCTAssertEqual(try ClassName.list(parsing: text), classes, text) }
    XCTAssertThrowsError(try ClassName.list(parsing: "cat,a|b")) {
      XCTAssertEqual($0 as? ClassSyntaxError, .noTitle(text: "a|b"))
    }
  }
}
