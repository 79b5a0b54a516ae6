import Foundation
import SANInference
import SANWeights
import XCTest

final class ModelStoreTests: XCTestCase {
  private func makeFolder(_ files: String...) throws -> String {
    let folder = NSTemporaryDirectory() + "san-store-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    addTeardownBlock { try? FileManager.default.removeItem(atPath: folder) }
    for file in files { try Data().write(to: URL(fileURLWithPath: "\(folder)/\(file)")) }
    return folder
  }

  func testAnEarlierFolderAndSafetensorsComeFirst() throws {
    let first = try makeFolder("b.pth", "a.safetensors", ".hidden.safetensors", "notes.txt", "c d.pth")
    let second = try makeFolder("b.safetensors", "c.pth", "c.safetensors", "a.safetensors.json")
    let store = ModelStore(folders: [first, "\(first)/missing", second])
    XCTAssertEqual(store.models.map(\.name), ["a", "b", "c"])
    XCTAssertEqual(
      store.models.map(\.path), ["\(first)/a.safetensors", "\(first)/b.pth", "\(second)/c.safetensors"])
    for model in store.models { XCTAssertEqual(store.model(model.name), model) }
    for name in ["d", "", "../b", "a.safetensors", ".hidden", "c d", "notes"] {
      XCTAssertNil(store.model(name))
    }
    XCTAssertEqual(ModelStore(folders: []).models, [])
  }

  func testNames() {
    for name in ["a", "san-vit-b16", "A_1.5", "0", String(repeating: "x", count: 64)] {
      XCTAssert(ModelStore.isName(name), name)
    }
    for name in [
      "", ".", "..", "-a", "_a", ".a", "a/b", "a b", "a\n", "ä", "a.pth", "a.SAFETENSORS",
      String(repeating: "x", count: 65),
    ] { XCTAssertFalse(ModelStore.isName(name), name) }
  }

  func testTheEmbeddedModelHasAName() throws {
    XCTAssertEqual(
      try ModelSource.named(SANWeights.defaultModel).filePath(), try ModelSource.embedded.filePath())
  }

  func testAModelThatIsNotInstalled() {
    XCTAssertThrowsError(try Segmenter(model: .named("no-such-model"))) {
      guard case ModelStoreError.notInstalled(let name, _, let folders) = $0 else { return XCTFail("\($0)") }
      XCTAssertEqual(name, "no-such-model")
      XCTAssertEqual(folders, ModelStore.standard.folders)
      XCTAssert("\($0)".hasPrefix("no-such-model: ") && "\($0)".contains("san-mini"), "\($0)")
    }
  }
}
