import Foundation
import SANCore
import TestSupport
import XCTest

/// The cutting of texts into words against CLIP's pattern in Python's `regex`.
final class WordSplitterTests: XCTestCase {
  private func words(_ text: String) -> [String] {
    let scalars = Array(text.unicodeScalars)
    return WordSplitter(scalars).map { word in
      var view = String.UnicodeScalarView()
      view.append(contentsOf: scalars[word.range])
      return String(view)
    }
  }

  /// How the pattern treats a run of scalars from `start` on: L joins letters, N stands alone, P joins
  /// anything else, S separates, - is not known to the reference's Unicode tables.
  private struct Run: Decodable {
    var start: UInt32
    var kind: String

    init(from decoder: any Decoder) throws {
      var row = try decoder.unkeyedContainer()
      start = try row.decode(UInt32.self)
      kind = try row.decode(String.self)
    }
  }

  func testEveryScalar() throws {
    let runs = try JSONDecoder().decode([Run].self, from: Data(Fixture.bytes("text/scalar_classes.json")))
    XCTAssertGreaterThan(runs.count, 2_000)
    var count = 0
    for (i, run) in runs.enumerated() where run.kind != "-" {
      let end = i + 1 < runs.count ? runs[i + 1].start : 0x11_0000
      for value in run.start..<end {
        guard let scalar = Unicode.Scalar(value) else { continue }
        let (s, text) = ("\(scalar)", "q\(scalar)q\(scalar)\(scalar)+")
        let expected: [String]
        switch run.kind {
        case "L": expected = ["q\(s)q\(s)\(s)", "+"]
        case "N": expected = ["q", s, "q", s, s, "+"]
        case "P": expected = ["q", s, "q", "\(s)\(s)+"]
        default: expected = ["q", "q", "+"]
        }
        XCTAssertEqual(words(text), expected, String(value, radix: 16))
        count += 1
      }
    }
    XCTAssertGreaterThan(count, 280_000)
  }

  func testSpecialTokens() {
    let scalars = Array("<start_of_text>a<End_Of_Text><\u{17F}tart_of_text>".unicodeScalars)
    let kinds = WordSplitter(scalars).map(\.kind)
    XCTAssertEqual(kinds, [.startOfText, .text, .endOfText, .text])
  }

  func testContractionsInAnyCase() {
    XCTAssertEqual(
      words("DON'T they'RE 'Ve 'SEA '\u{17F}o"),
      [
        "DON", "'T", "they", "'RE", "'Ve", "'S", "EA", "'\u{17F}", "o",
      ])
  }
}
