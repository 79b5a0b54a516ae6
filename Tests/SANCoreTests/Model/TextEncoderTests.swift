import Foundation
import SANCore
import SANWeights
import TestSupport
import XCTest

final class TextEncoderTests: XCTestCase {
  private static let model = ProceduralModel.model(ProceduralModel.toyConfiguration)
  /// Held for the whole test: matrices are views of its memory.
  private let workspace = Workspace(pool: ThreadPool(threads: 2))

  private func tokenizer() throws -> Tokenizer {
    try Tokenizer(
      merges: Data(contentsOf: URL(fileURLWithPath: SANWeights.mergesPath())), vocabularySize: 49408)
  }

  func testEmbeddings() throws {
    let tokenizer = try tokenizer()
    let lines = String(decoding: try Fixture.bytes("golden/toy.text.prompts.txt"), as: UTF8.self)
    let prompts = lines.split(separator: "\n").map { tokenizer.encode(String($0)) }
    XCTAssertEqual(prompts.count, 4)
    let embeddings = try Self.model.textEncoder(prompts, workspace: workspace)
    assertClose(embeddings, try Golden("golden/toy.text.golden.safetensors")["embeddings"], tolerance: 2e-5)
  }

  /// No words, a start that is shared, a text that is cut at 77, other scripts.
  func testEdgeCases() throws {
    let tokenizer = try tokenizer()
    let texts = [
      "", "cat", "a photo of a cat.", "a photo of a caterpillar.", String(repeating: "dog ", count: 100),
      "日本語の猫", "!!!",
    ]
    let embeddings = try Self.model.textEncoder(
      texts.map { tokenizer.encode($0, contextLength: 77).tokens }, workspace: workspace)
    assertClose(embeddings, try Golden("reference/toy_text.safetensors")["embeddings"], tolerance: 2e-5)
  }

  func testClassifier() throws {
    let tokenizer = try tokenizer()
    let classes = ["cat", "sky", "a red car", "grass", "oak", "river"]
    let prompts = classes.map { name in PromptTemplates.vild.prompts(for: name).map(tokenizer.encode) }
    let classifier = try Self.model.textClassifier(prompts, workspace: workspace)
    assertClose(
      classifier, try Golden("golden/toy.golden.safetensors")["text_classifier"], tolerance: 2e-5)
  }

  /// A prompt's embedding is its own: the same alone and in a crowd that fills several batches.
  func testPromptsDoNotDependOnEachOther() throws {
    let tokenizer = try tokenizer()
    let prompts = (0..<900).map {
      tokenizer.encode("a photo of \($0 % 7 == 0 ? "the" : "a") number \($0 * 37)")
    }
    let together = try Self.model.textEncoder(prompts, workspace: workspace)
    for index in [0, 7, 123, 899] {
      let alone = try Self.model.textEncoder([prompts[index]], workspace: workspace)
      assertClose(alone, together.rows(index..<index + 1), tolerance: 1e-6)
    }
  }

  /// The tower as the paper has it, a sequence at a time, gives what all of them give together.
  func testSharedStartsChangeNothing() throws {
    let tokenizer = try tokenizer()
    let prompts = ["cat", "a photo of a cat.", "a photo of a caterpillar.", "a photo of a", ""].map {
      tokenizer.encode($0)
    }
    let together = try Self.model.textEncoder(prompts, workspace: workspace)
    for (index, prompt) in prompts.enumerated() {
      let alone = Self.model.textEncoder.embedding(of: prompt, workspace: workspace)
      assertClose(alone.values, together.rows(index..<index + 1).values, tolerance: 1e-6)
    }
  }

  func testLongestPrompt() throws {
    let prompt = try tokenizer().encode(
      String(repeating: "word ", count: 100), contextLength: 77)
    XCTAssert(prompt.wasTruncated)
    XCTAssertEqual(prompt.tokens.count, 77)
    let embeddings = try Self.model.textEncoder([prompt.tokens], workspace: workspace)
    XCTAssertEqual(embeddings.values.reduce(0) { $0 + $1 * $1 }, 1, accuracy: 1e-5)
  }

  func testProgressCountsPromptsAndStops() throws {
    struct Stop: Error {}
    let prompts = (0..<600).map { [Int32(1), Int32($0 + 2), 3, 4, 5] }
    var seen: [Int] = []
    _ = try Self.model.textEncoder(prompts, workspace: workspace) { seen.append($0) }
    XCTAssertEqual(seen, seen.sorted())
    XCTAssertEqual(seen.first, 0)
    XCTAssertEqual(seen.last, 600)
    XCTAssertThrowsError(
      try Self.model.textEncoder(prompts, workspace: workspace) { if $0 > 0 { throw Stop() } })
  }
}
