import Foundation
import SANCore
import SANInference
import SANWeights
import TestSupport
import XCTest

/// The model that ships with the package.
final class EmbeddedModelTests: XCTestCase {
  func testFile() throws {
    let checkpoint = try Checkpoint.open(path: SANWeights.modelPath())
    XCTAssertLessThan(checkpoint.fileByteCount, 40_000_000)
    XCTAssert(checkpoint.entries.allSatisfy { $0.type == .float16 })
    // The configuration beside the file is the one inside it.
    let beside = try SANConfiguration.find(for: checkpoint)
    let json = try XCTUnwrap(checkpoint.metadata["config"])
    XCTAssertEqual(beside, try SANConfiguration(json: Array(json.utf8), file: "metadata"))
    XCTAssertEqual(beside.name, SANWeights.defaultModel)
    XCTAssertEqual(beside.parameterCount, 18_088_875)
  }

  /// The file is the one that its card describes: `sha256sum -c` says the same.
  func testDigest() throws {
    let path = try SANWeights.modelPath()
    let line = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path + ".sha256")), as: UTF8.self)
    let digest = SHA256.digest([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    let text = digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    XCTAssertEqual(line, "\(text)  model.safetensors\n")
  }

  /// Its towers agree on names: of the words for one thing the embeddings are nearer than of words for two.
  func testWordsForOneThingAreNear() throws {
    let segmenter = try Segmenter(threads: 2)
    let names = ["cat", "kitten", "truck", "sofa", "couch", "banana"]
    let rows = try segmenter.vocabulary(names, background: .none).classifier
    let width = rows.shape[1]
    func similarity(_ a: Int, _ b: Int) -> Float {
      (0..<width).reduce(0) { $0 + rows[a * width + $1] * rows[b * width + $1] }
    }
    XCTAssertGreaterThan(similarity(0, 1), similarity(0, 2))
    XCTAssertGreaterThan(similarity(3, 4), similarity(3, 5))
  }

  func testSegmentsAPhoto() throws {
    let segmenter = try Segmenter(threads: 2)
    let photo = try RGBImage(
      contentsOf: Fixture.packageRoot.appendingPathComponent("Examples/photos/chelsea.png").path)
    let vocabulary = try segmenter.vocabulary(["cat", "wall"], background: .none)
    let result = try segmenter.segment(photo, vocabulary: vocabulary)
    XCTAssertEqual(result.labels.size, Grid(height: photo.height, width: photo.width))
    XCTAssertEqual(result.classes.reduce(0) { $0 + $1.pixels }, photo.width * photo.height)
  }
}
