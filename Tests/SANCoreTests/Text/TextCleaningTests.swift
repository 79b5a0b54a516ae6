import Foundation
import SANCore
import TestSupport
import XCTest

/// The cleaning of texts against ftfy's and Python's, whose results are in the fixtures.
final class TextCleaningTests: XCTestCase {
  /// Equal scalar by scalar; `==` of strings takes canonically equivalent ones as equal.
  private func assertSame(_ text: String, _ expected: String, of source: String, line: UInt = #line) {
    let (got, wanted) = (Array(text.unicodeScalars), Array(expected.unicodeScalars))
    XCTAssertEqual(got, wanted, source.debugDescription, line: line)
  }

  func testSamples() throws {
    let samples = try TextSample.all()
    for sample in samples where !TextSample.knownDifferences.contains(sample.text) {
      assertSame(TextCleaning.clean(sample.text), sample.clean, of: sample.text)
    }
  }

  func testKnownDifferencesDiffer() throws {
    let differing = try TextSample.all().filter {
      Array(TextCleaning.clean($0.text).unicodeScalars) != Array($0.clean.unicodeScalars)
    }
    XCTAssertEqual(Set(differing.map(\.text)), TextSample.knownDifferences)
  }

  /// Every scalar that the reference's Unicode tables (14.0) know, between two letters.
  func testEveryScalar() throws {
    struct Change: Decodable {
      var scalar: UInt32
      var clean: String
      init(from decoder: any Decoder) throws {
        var row = try decoder.unkeyedContainer()
        scalar = try row.decode(UInt32.self)
        clean = try row.decode(String.self)
      }
    }
    let changes = try JSONDecoder().decode(
      [Change].self, from: Data(Fixture.bytes("text/scalar_cleaning.json")))
    let cleaned = Dictionary(uniqueKeysWithValues: changes.map { ($0.scalar, $0.clean) })
    XCTAssertGreaterThan(cleaned.count, 2_000)
    var count = 0
    for value in 0...UInt32(0x10FFFF) {
      guard let scalar = Unicode.Scalar(value), let age = scalar.properties.age, age.major <= 14 else {
        continue
      }
      let text = "q\(scalar)q"
      assertSame(TextCleaning.clean(text), cleaned[value] ?? text, of: text)
      count += 1
    }
    XCTAssertGreaterThan(count, 280_000)
  }
}
