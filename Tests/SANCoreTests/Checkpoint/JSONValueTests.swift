import SANCore
import XCTest

final class JSONValueTests: XCTestCase {
  private func parse(_ text: String) throws -> JSONValue {
    try Array(text.utf8).withUnsafeBytes { try JSONValue(parsing: $0) }
  }

  func testValues() throws {
    XCTAssertEqual(try parse(" null "), .null)
    XCTAssertEqual(try parse("[true,false]"), .array([.boolean(true), .boolean(false)]))
    XCTAssertEqual(try parse("-0"), .integer(0))
    XCTAssertEqual(try parse("9223372036854775807"), .integer(.max))
    XCTAssertEqual(try parse("9223372036854775808"), .real(9_223_372_036_854_775_808))
    XCTAssertEqual(try parse("-1.5e+2"), .real(-150))
    XCTAssertEqual(try parse("1E2"), .real(100))
    XCTAssertEqual(try parse("[]"), .array([]))
    XCTAssertEqual(try parse("\t{ }\r\n"), .object([]))
    XCTAssertEqual(try parse(#""é\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#), .string("é\"\\/\u{8}\u{C}\n\r\té😀"))
  }

  func testObjectsKeepTheirOrder() throws {
    guard case .object(let members) = try parse(#"{"b":1,"a":[{"c":2}]}"#) else {
      return XCTFail("an object")
    }
    XCTAssertEqual(members.map(\.name), ["b", "a"])
    XCTAssertEqual(members[1].value, .array([try parse(#"{"c":2}"#)]))
    XCTAssertEqual(try parse(#"{"b":1,"a":2}"#)["a"], .integer(2))
    XCTAssertNil(try parse(#"{"b":1}"#)["a"])
  }

  func testRefusesWhatIsNotJSON() {
    for text in [
      "", " ", "nul", "tru", "+1", "01", "1.", ".5", "1e", "1e999", "--1", "0x1", "NaN", "[1,]", "[,1]",
      "[1 2]", "[",
      "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "\"",
      "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u+123\"", "\"\\u-000\"", "\"\\u-00F\"", "\"\\u 123\"",
      "\"\\u12 3\"", "\"\\u0x12\"", "\"\\u1_23\"", "\"\\u00g0\"", "\"\\u００\"", "\"\\ud83d\\u-e00\"",
      "\"\\ud800\\ud800\"",
      "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\U0041\"", "\"\\u00",
      "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
      "\"\n\"", "1 2", "{\"\\u0061\":1,\"a\":2}",
    ] {
      XCTAssertThrowsError(try parse(text), text)
    }
    for bytes: [UInt8] in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0xEF, 0xBB, 0xBF, 0x31]] {
      XCTAssertThrowsError(try bytes.withUnsafeBytes { try JSONValue(parsing: $0) }, "\(bytes)")
    }
  }

  func testNestingIsLimited() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    XCTAssertNoThrow(try parse(nested(33)))
    XCTAssertThrowsError(try parse(nested(34)))
    XCTAssertThrowsError(try parse(String(repeating: "[", count: 1_000_000)))
  }

  func testErrorsNameTheirPlace() {
    XCTAssertThrowsError(try parse(#"{"a": 1, "a": 2}"#)) {
      XCTAssertEqual("\($0)", #"the name "a" twice in one object at byte 12"#)
    }
  }

  func testStringsAreWrittenSoThatTheyReadBack() throws {
    let text = "a\"\\/\u{0}\u{1F}\n\r\t é😀\u{7F}"
    XCTAssertEqual(try parse(jsonString(text)), .string(text))
  }
}
