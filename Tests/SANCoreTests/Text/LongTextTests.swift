import Foundation
import SANCore
import TestSupport
import XCTest

/// Of a text that is too long only its start is encoded, and to what it would be as part of the whole.
final class LongTextTests: XCTestCase {
  private static let shared = try? Tokenizer(
    merges: Data(contentsOf: Fixture.packageRoot.appendingPathComponent("Weights/Resources/bpe_merges.txt")),
    vocabularySize: 49_408)

  private func assertCutLikeTheWhole(
    _ tokenizer: Tokenizer, _ text: String, _ contextLength: Int, line: UInt = #line
  ) {
    let whole = tokenizer.encode(text)
    let cut = tokenizer.encode(text, contextLength: contextLength)
    let name = "\(text.prefix(60)), \(contextLength)"
    XCTAssertEqual(cut.wasTruncated, whole.count > contextLength, name, line: line)
    let expected =
      whole.count > contextLength ? whole[..<(contextLength - 1)] + [tokenizer.endToken] : whole[...]
    XCTAssertEqual(cut.tokens, Array(expected), name, line: line)
  }

  /// Words of one kind, and mixtures, without a space.
  private static let alphabets = [
    "a", "ab", "etaoinshrdlu", "abcdefghijklmnopqrstuvwxyz", "aaab", "lo", "-", "!?", ".", "=-_*#~",
    "0123456789", "😀", "😀😂❤", "é", "äöüß", "中文字", "ह", "абвгд", "한글", "a-", "a1", "ab!?09é中",
  ].map { Array($0) }

  func testEveryKindOfText() throws {
    let tokenizer = try XCTUnwrap(Self.shared)
    var random = RandomText.Generator(seed: 9)
    for alphabet in Self.alphabets {
      for length in [1, 60, 74, 75, 76, 77, 150, 400, 1500] {
        let text = String((0..<length).map { _ in alphabet.randomElement(using: &random)! })
        for contextLength in [2, 3, 7, 77] { assertCutLikeTheWhole(tokenizer, text, contextLength) }
        assertCutLikeTheWhole(tokenizer, "a photo of a \(text) in the scene", 77)
      }
    }
    for _ in 0..<200 {
      let text = (0..<30).map { _ in RandomText.next(using: &random) }.joined()
      for contextLength in [2, 20, 77] { assertCutLikeTheWhole(tokenizer, text, contextLength) }
    }
    for sample in try TextSample.all() {
      for contextLength in [2, 5, 30] { assertCutLikeTheWhole(tokenizer, sample.text, contextLength) }
    }
  }

  /// Tables made by chance over two letters, in which a word's first token often depends on letters far behind it.
  func testTablesOfAllKinds() throws {
    var random = RandomText.Generator(seed: 10)
    for _ in 0..<300 {
      var symbols = ["a", "b"]
      var ends = ["a</w>", "b</w>"]
      var lines: [String] = []
      let count = Int.random(in: 1...24, using: &random)
      while lines.count < count {
        let left = symbols.randomElement(using: &random)!
        let isEnd = Int.random(in: 0..<4, using: &random) == 0
        let right = (isEnd ? ends : symbols).randomElement(using: &random)!
        let made = left + right
        if symbols.contains(made) || ends.contains(made) || made.count > 16 { continue }
        if made.hasSuffix("</w>") { ends.append(made) } else { symbols.append(made) }
        lines.append("\(left) \(right)")
      }
      let tokenizer = try Tokenizer(
        merges: Array((lines.joined(separator: "\n") + "\n").utf8), vocabularySize: 514 + count)
      for _ in 0..<12 {
        let period = (0..<Int.random(in: 1...9, using: &random)).map { _ in
          Bool.random(using: &random) ? "a" : "b"
        }.joined()
        let tail = (0..<Int.random(in: 0...40, using: &random)).map { _ in
          Bool.random(using: &random) ? "a" : "b"
        }.joined()
        let text = String(repeating: period, count: Int.random(in: 1...60, using: &random)) + tail
        for contextLength in [2, 3, 9, 40] { assertCutLikeTheWhole(tokenizer, text, contextLength) }
      }
    }
  }

  /// What is merged does not grow with the text.
  func testWorkIsBounded() throws {
    let tokenizer = try XCTUnwrap(Self.shared)
    for alphabet in Self.alphabets {
      var random = RandomText.Generator(seed: 11)
      let letters = (0..<80_000).map { _ in alphabet.randomElement(using: &random)! }
      func merged(_ count: Int) -> (tokens: [Int32], bytes: Int) {
        var bytes = 0
        let result = tokenizer.encode(String(letters[..<count]), contextLength: 77, mergedBytes: &bytes)
        XCTAssertTrue(result.wasTruncated)
        return (result.tokens, bytes)
      }
      let (long, longer) = (merged(16_000), merged(80_000))
      XCTAssertEqual(long.tokens, longer.tokens, String(alphabet))
      XCTAssertEqual(long.bytes, longer.bytes, String(alphabet))
      XCTAssertLessThan(longer.bytes, 200_000, String(alphabet))
    }
  }
}
