import Foundation
import SANCore
import TestSupport
import XCTest

/// The tokenizer against the published one, whose tokens are in the fixtures.
final class TokenizerTests: XCTestCase {
  private static let merges = try? Data(
    contentsOf: Fixture.packageRoot.appendingPathComponent("Weights/Resources/bpe_merges.txt"))

  private func tokenizer(_ vocabularySize: Int = 49_408) throws -> Tokenizer {
    try Tokenizer(merges: XCTUnwrap(Self.merges), vocabularySize: vocabularySize)
  }

  func testGoldenTokens() throws {
    struct Sample: Decodable {
      var text: String
      var ids: [Int32]
    }
    let samples = try JSONDecoder().decode(
      [Sample].self, from: Data(Fixture.bytes("golden/tokenizer.golden.json")))
    XCTAssertEqual(samples.count, 57)
    let tokenizer = try tokenizer()
    for sample in samples {
      let result = tokenizer.encode(sample.text, contextLength: 77)
      XCTAssertEqual(result.tokens, sample.ids, sample.text)
    }
  }

  func testTokensOfBothVocabularies() throws {
    let samples = try TextSample.all()
    XCTAssertGreaterThan(samples.count, 800)
    let (full, mini) = (try tokenizer(), try tokenizer(16_898))
    XCTAssertEqual([full.startToken, full.endToken], [49_406, 49_407])
    XCTAssertEqual([mini.startToken, mini.endToken], [16_896, 16_897])
    for sample in samples where !TextSample.knownDifferences.contains(sample.text) {
      XCTAssertEqual(full.encode(sample.text), sample.ids, sample.text.debugDescription)
      XCTAssertEqual(mini.encode(sample.text), sample.mini, sample.text.debugDescription)
    }
  }

  func testTruncation() throws {
    let samples = try TextSample.all()
    let (full, mini) = (try tokenizer(), try tokenizer(16_898))
    XCTAssertGreaterThan(samples.count { $0.ids77 != nil }, 10)
    XCTAssertGreaterThan(samples.count { $0.ids.count == 77 }, 0)
    XCTAssertGreaterThan(samples.count { $0.ids.count == 78 }, 0)
    for sample in samples where !TextSample.knownDifferences.contains(sample.text) {
      for (tokenizer, whole, cut) in [(full, sample.ids, sample.ids77), (mini, sample.mini, sample.mini77)] {
        let result = tokenizer.encode(sample.text, contextLength: 77)
        XCTAssertEqual(result.tokens, cut ?? whole, sample.text.debugDescription)
        XCTAssertEqual(result.wasTruncated, cut != nil, sample.text.debugDescription)
      }
    }
    XCTAssertEqual(full.encode("cat", contextLength: 2).tokens, [49_406, 49_407])
  }

  func testDecode() throws {
    let tokenizer = try tokenizer()
    XCTAssertEqual(tokenizer.decode(tokenizer.encode("A photo of a Café.")), "a photo of a café . ")
    XCTAssertEqual(tokenizer.decode([49_406, 49_407]), "")
    XCTAssertEqual(tokenizer.decode([163]), "\u{FFFD}")
    // Every token is a run of bytes: encoding what it decodes to and decoding that again changes nothing.
    for token in stride(from: Int32(0), to: 49_406, by: 7) {
      let text = tokenizer.decode([token])
      let again = tokenizer.decode(tokenizer.encode(text))
      XCTAssertEqual(tokenizer.decode(tokenizer.encode(again)), again)
    }
  }

  /// Words come back letter for letter where they are letters in lower case already.
  func testDecodeRestoresWords() throws {
    for tokenizer in [try tokenizer(), try tokenizer(16_898), try tokenizer(514)] {
      var random = RandomText.Generator(seed: 3)
      let letters = Array("abcdefghijklmnopqrstuvwxyzäñßøþžаяώ漢猫한א".unicodeScalars)
      for _ in 0..<2_000 {
        let words = (0..<Int.random(in: 1...6, using: &random)).map { _ in
          var word = String.UnicodeScalarView()
          for _ in 0..<Int.random(in: 1...12, using: &random) {
            word.append(letters.randomElement(using: &random)!)
          }
          return String(word)
        }
        let text = words.joined(separator: " ")
        XCTAssertEqual(tokenizer.decode(tokenizer.encode(text)), text + " ")
      }
    }
  }

  /// Any text gives tokens of the vocabulary between start and end, the same every time, and a cut is a
  /// prefix.
  func testRandomTexts() throws {
    let tokenizer = try tokenizer()
    var random = RandomText.Generator(seed: 11)
    for _ in 0..<6_000 {
      let text = RandomText.next(using: &random)
      let tokens = tokenizer.encode(text)
      XCTAssertGreaterThanOrEqual(tokens.count, 2)
      XCTAssertEqual(tokens.first, 49_406)
      XCTAssertEqual(tokens.last, 49_407)
      XCTAssertTrue(tokens.allSatisfy { (0...49_407).contains($0) })
      XCTAssertEqual(tokenizer.encode(text), tokens)
      let cut = tokenizer.encode(text, contextLength: 8)
      XCTAssertEqual(cut.wasTruncated, tokens.count > 8)
      XCTAssertEqual(cut.tokens, tokens.count > 8 ? Array(tokens.prefix(7)) + [49_407] : tokens)
    }
  }

  func testMergesTakenAreTheFirst() throws {
    // `t h` is the second merge: with one merge the pair stays apart, with two it is one token.
    XCTAssertEqual(try tokenizer(515).encode("thx").dropFirst().dropLast().count, 3)
    XCTAssertEqual(try tokenizer(516).encode("thx").dropFirst().dropLast().first, 513)
    // Another kind of collection reads the same.
    let slices = try Tokenizer(merges: AnyCollection(XCTUnwrap(Self.merges)), vocabularySize: 16_898)
    XCTAssertEqual(slices.encode("a photo of a cat."), try tokenizer(16_898).encode("a photo of a cat."))
  }

  func testMalformedTables() throws {
    func error(_ table: String, _ size: Int) -> TokenizerError? {
      do throws(TokenizerError) {
        _ = try Tokenizer(merges: table.utf8, vocabularySize: size)
        return nil
      } catch {
        return error
      }
    }
    XCTAssertNil(error("", 514))
    XCTAssertNil(error("i n\nin </w>", 515))
    XCTAssertNil(error("i n\nin g</w>\n", 516))
    for size in [-1, 0, 513, (1 << 20) + 1, Int.max] {
      XCTAssertEqual(error("i n", size), .vocabularySize(size))
    }
    XCTAssertEqual(error("", 515), .tooFewMerges(found: 0, needed: 1))
    XCTAssertEqual(error("i n\n", 600), .tooFewMerges(found: 1, needed: 86))
    let broken = [
      "i", "i  n", " i n", "i n ", "i n o", "in g", "i</w> n", "i </w>", "</w> i", "i\tn", "i n\r", "\n",
      "漢 a", "a 漢",
      "\u{144} a", "\u{A0} a", "\u{AD} a", "a \u{7F}", "",
    ]
    for line in broken {
      XCTAssertEqual(error("t h\n\(line)\na b\n", 517), .malformedMerge(line: 2), line.debugDescription)
    }
    XCTAssertEqual(error("i n\nt h\ni n\n", 517), .repeatedMerge(line: 3))
    XCTAssertEqual(error("a b\nb c\na bc\nab c\n", 518), .repeatedMerge(line: 4))
    XCTAssertTrue("\(TokenizerError.malformedMerge(line: 7))".hasPrefix("line 7 of the merge table"))
  }

  /// The table with bytes changed, cut and doubled: an error or a tokenizer, nothing else.
  func testMutatedTables() throws {
    let table = try XCTUnwrap(Self.merges).prefix(4_000)
    var random = RandomText.Generator(seed: 5)
    var failures = 0
    for _ in 0..<3_000 {
      var bytes = Array(table)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
        case 1: bytes.removeLast(Int.random(in: 0..<bytes.count / 2, using: &random))
        default:
          bytes.insert(.random(in: 0...255, using: &random), at: .random(in: 0...bytes.count, using: &random))
        }
      }
      do {
        let tokenizer = try Tokenizer(merges: bytes, vocabularySize: 800)
        XCTAssertEqual(tokenizer.encode("the thing").last, 799)
      } catch {
        failures += 1
      }
    }
    XCTAssertGreaterThan(failures, 1_000)
  }
}
