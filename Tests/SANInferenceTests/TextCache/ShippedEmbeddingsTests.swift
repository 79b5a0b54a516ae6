import Foundation
import SANCore
import SANInference
import SANWeights
import Synchronization
import TestSupport
import XCTest

/// The embeddings that come with the embedded model are that model's.
final class ShippedEmbeddingsTests: XCTestCase {
  private func key() throws -> TextCacheKey {
    let checkpoint = try Checkpoint.open(path: SANWeights.modelPath())
    let parameters = try ModelParameters(
      checkpoint: checkpoint, configuration: SANConfiguration.find(for: checkpoint, path: nil))
    return TextCacheKey(
      fingerprint: TextFingerprint(parameters), templates: .vild,
      width: parameters.configuration.clip.embedding)
  }

  func testTheyAreOfTheEmbeddedModel() throws {
    let key = try key()
    let bytes = try XCTUnwrap(TextCacheFile.contents(of: SANWeights.path(TextCache.shippedName)))
    let file = try XCTUnwrap(
      TextCacheFile(bytes, key: key, kernels: nil), "the model has changed: run Scripts/make-text-cache")
    let names = try Vocabularies.names(of: "coco-stuff-171")
    XCTAssertEqual(file.entries(Set(names.map(key.classDigest))).count, 171)
    XCTAssertEqual(bytes.count, 48 + 171 * (68 + 4 * key.width))
  }

  func testTheyAreWhatTheModelComputes() throws {
    let names = try Vocabularies.names(of: "coco-stuff-171")
    let segmenter = try Segmenter(threads: 2)
    let tokenizer = try Tokenizer(
      merges: Data(contentsOf: URL(fileURLWithPath: SANWeights.mergesPath())),
      vocabularySize: segmenter.model.configuration.clip.text.vocabularySize)
    let computed = try segmenter.model.textClassifier(
      names.map { PromptTemplates.vild.prompts(for: $0).map(tokenizer.encode) },
      workspace: Workspace(pool: ThreadPool(threads: 2))
    ) { _ in }
    for cache in [nil, TextCache(folder: nil)] {
      let steps = Mutex([Int]())
      let shipped = try Segmenter(threads: 2, textCache: cache).vocabulary(
        names, background: .none, control: RunControl { step in steps.withLock { $0.append(step.completed) } }
      ).classifier
      XCTAssertEqual(Set(steps.withLock { $0 }), [171 * 14], "nothing is computed")
      // Kernel sets differ by rounding.
      assertClose(shipped, computed, tolerance: 2e-6)
    }
  }

  func testTheyServeSynonyms() throws {
    let steps = Mutex([Int]())
    _ = try Segmenter(threads: 2, textCache: TextCache(folder: nil)).vocabulary(
      [ClassName("vehicle", synonyms: ["car", "bus", "truck"]), "cat"], background: .none,
      control: RunControl { step in steps.withLock { $0.append(step.completed) } })
    XCTAssertEqual(Set(steps.withLock { $0 }), [4 * 14], "nothing is computed")
  }

  func testTheyServeNoOtherModel() throws {
    let cached = try Segmenter(
      model: .path(ToyModelFile.path), threads: 2, textCache: TextCache(folder: nil))
    XCTAssertEqual(
      try cached.vocabulary(["person", "car"], background: .none).classifier.values,
      try ToyModelFile.segmenter().vocabulary(["person", "car"], background: .none).classifier.values)
  }
}
