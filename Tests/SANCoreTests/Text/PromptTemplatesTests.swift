import Foundation
import SANCore
import TestSupport
import XCTest

/// The template sets against the published ones, and templates of one's own.
final class PromptTemplatesTests: XCTestCase {
  func testVild() {
    XCTAssertEqual(
      PromptTemplates.vild.prompts(for: "cat"),
      [
        "a photo of a cat.", "This is a photo of a cat", "There is a cat in the scene",
        "There is the cat in the scene",
        "a photo of a cat in the scene", "a photo of a small cat.", "a photo of a medium cat.",
        "a photo of a large cat.", "This is a photo of a small cat.", "This is a photo of a medium cat.",
        "This is a photo of a large cat.", "There is a small cat in the scene.",
        "There is a medium cat in the scene.", "There is a large cat in the scene.",
      ])
  }

  func testImageNet() throws {
    let published = try JSONDecoder().decode(
      [String].self, from: Data(Fixture.bytes("text/imagenet_prompts.json")))
    XCTAssertEqual(published.count, 80)
    XCTAssertEqual(PromptTemplates.imagenet.prompts(for: "{} cat"), published)
  }

  func testNames() throws {
    XCTAssertEqual(PromptTemplates.named.map(\.name), ["vild", "imagenet", "plain"])
    for set in PromptTemplates.named { XCTAssertEqual(try PromptTemplates(named: set.name), set) }
    XCTAssertEqual(PromptTemplates.plain.prompts(for: "{}"), ["{}"])
    XCTAssertThrowsError(try PromptTemplates(named: "Vild")) { error in
      XCTAssertEqual(error as? PromptTemplatesError, .unknownName("Vild"))
      XCTAssertEqual("\(error)", #"no templates named "Vild"; there are vild, imagenet, plain"#)
    }
  }

  func testCustom() throws {
    let set = try PromptTemplates(["{} and {}", "{{}}", "{}\u{301}"])
    XCTAssertEqual(set.name, "custom")
    // A name is put in once: what it holds itself stays.
    XCTAssertEqual(set.prompts(for: "a {} b"), ["a {} b and a {} b", "{a {} b}", "a {} b\u{301}"])
    XCTAssertEqual(set.prompts(for: ""), [" and ", "{}", "\u{301}"])
    for bad in ["", "no name", "{ }", "{", "}{", "{0}"] {
      XCTAssertThrowsError(try PromptTemplates(["{}", bad])) { error in
        XCTAssertEqual(error as? PromptTemplatesError, .noPlaceholder(template: bad))
      }
    }
    XCTAssertThrowsError(try PromptTemplates([])) {
      XCTAssertEqual($0 as? PromptTemplatesError, .noTemplates)
    }
  }

  func testLines() throws {
    let set = try PromptTemplates(lines: "a {}.\r\n\n   \nthe {}\n")
    XCTAssertEqual(set.templates, ["a {}.", "the {}"])
    XCTAssertThrowsError(try PromptTemplates(lines: "\n \n")) {
      XCTAssertEqual($0 as? PromptTemplatesError, .noTemplates)
    }
    XCTAssertThrowsError(try PromptTemplates(lines: "a {}\nline two")) {
      XCTAssertEqual($0 as? PromptTemplatesError, .noPlaceholder(template: "line two"))
    }
  }
}
