import Dispatch
import Foundation
import SANCore
import SANInference
import SANWeights
import TestSupport
import XCTest

/// A segmenter with a cache gives what one without it gives.
final class TextCacheTests: XCTestCase {
  private static let names = ["cat", "traffic light", "Ça", "wet  Road", "sky"]
  private var folder = ""

  override func setUpWithError() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("san-\(UUID().uuidString)").path
  }

  override func tearDown() { try? FileManager.default.removeItem(atPath: folder) }

  private func segmenter(_ cache: TextCache?) throws -> Segmenter {
    try Segmenter(model: .path(ToyModelFile.path), threads: 2, textCache: cache)
  }

  private static func classifier(
    _ segmenter: Segmenter, _ names: [String] = names, templates: PromptTemplates = .vild,
    control: RunControl = RunControl()
  ) throws -> [UInt32] {
    try segmenter.vocabulary(names, background: .none, templates: templates, control: control).classifier
      .values.map(\.bitPattern)
  }

  /// Prompts that a run put through the text tower.
  private func promptsRun(_ body: (RunControl) throws -> Void) rethrows -> Int {
    let first = FirstStep()
    try body(RunControl { if $0.stage == .text { first.set($0.total - $0.completed) } })
    return first.value ?? -1
  }

  private func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { "\(folder)/\($0)" }
  }

  /// Kernels of any name have a place in a file's header, and no two the same.
  func testNamesOfKernels() {
    XCTAssertEqual(TextCache.maker("avx2", revision: 2), "avx2-2")
    let names = [
      "avx2", "avx512", "avx512bf16", "avx512vnni", "portable", "a name that is much too long", "",
    ]
    let makers = names.flatMap { name in [1, 2, 10, 1000].map { TextCache.maker(name, revision: $0) } }
    XCTAssert(makers.allSatisfy { $0.utf8.count <= 8 }, "\(makers)")
    XCTAssertEqual(Set(makers).count, makers.count)
  }

  /// The text tower is of single precision in both, and its embeddings shared, unless the configuration says otherwise.
  func testPrecisions() throws {
    var configuration = ProceduralModel.toyConfiguration
    configuration.float32Layers = ["side_adapter_network.mask_decoder"]
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let own = "\(folder)/own.json"
    try Data(configuration.json.utf8).write(to: URL(fileURLWithPath: own))
    let cache = TextCache(folder: "\(folder)/cache")
    var classifiers: [[UInt32]] = []
    for (precision, config, prompts) in [
      (Precision.float32, nil, 70), (.int8, nil, 0), (.float32, own, 0), (.int8, own, 70), (.int8, own, 0),
    ] as [(Precision, String?, Int)] {
      func segmenter(_ cache: TextCache?) throws -> Segmenter {
        try Segmenter(
          model: .path(ToyModelFile.path), configuration: config, precision: precision, threads: 2,
          textCache: cache)
      }
      var found: [UInt32] = []
      let run = try promptsRun { found = try Self.classifier(segmenter(cache), control: $0) }
      XCTAssertEqual(run, prompts, "\(precision) \(config ?? "")")
      XCTAssertEqual(found, try Self.classifier(segmenter(nil)))
      classifiers.append(found)
    }
    XCTAssertEqual(Set(classifiers[0...2]).count, 1)
    XCTAssertEqual(Set(classifiers).count, 2)
  }

  /// A vocabulary is one precision's alone: "no object" and proposals are of the same network.
  func testVocabulariesAreOfOnePrecision() throws {
    let vocabulary = try Segmenter(model: .path(ToyModelFile.path), precision: .int8).vocabulary(["cat"])
    let photo = try RGBImage(width: 32, height: 32, pixels: [UInt8](repeating: 90, count: 3 * 32 * 32))
    XCTAssertThrowsError(try segmenter(nil).segment(photo, vocabulary: vocabulary, shortSide: 32)) {
      guard case SegmenterError.vocabularyOfAnotherModel = $0 else { return XCTFail("\($0)") }
    }
  }

  func testHitsAndMissesHaveTheSameBits() throws {
    let plain = try segmenter(nil)
    let cached = try segmenter(TextCache(folder: folder))
    // One, then some, then all are known; each is computed beside other names than before.
    let steps = [
      (["wet  Road"], 14), (["sky", "wet road", "cat"], 28), (Self.names, 28), (Self.names, 0),
    ]
    for (names, prompts) in steps {
      var found: [UInt32] = []
      let run = try promptsRun { found = try Self.classifier(cached, names, control: $0) }
      XCTAssertEqual(run, prompts, "\(names)")
      XCTAssertEqual(found, try Self.classifier(plain, names), "\(names)")
    }
    XCTAssertEqual(try files().count, 1)
    // Another process finds them too.
    let run = try promptsRun { _ = try Self.classifier(segmenter(TextCache(folder: folder)), control: $0) }
    XCTAssertEqual(run, 0)
  }

  func testTheEmbeddedModelsBits() throws {
    let names = ["cat", "a striped horse", "wall-brick", "umbrella stand", "x"]
    let plain = try Segmenter(threads: 2)
    let expected = try Self.classifier(plain, names, templates: .imagenet)
    let cached = try Segmenter(threads: 2, textCache: TextCache(folder: folder))
    for name in names { _ = try Self.classifier(cached, [name], templates: .imagenet) }
    let run = try promptsRun {
      XCTAssertEqual(try Self.classifier(cached, names, templates: .imagenet, control: $0), expected)
    }
    XCTAssertEqual(run, 0)
  }

  func testWithoutACacheNothingIsWritten() throws {
    let run = try promptsRun { _ = try Self.classifier(segmenter(nil), control: $0) }
    XCTAssertEqual(run, Self.names.count * 14)
    let cache = TextCache(folder: nil)
    _ = try Self.classifier(segmenter(cache))
    XCTAssertNil(cache.problem)
    XCTAssertFalse(FileManager.default.fileExists(atPath: folder))
  }

  func testLongNamesAreToldFromTheCacheToo() throws {
    let long = String(repeating: "very ", count: 90) + "long"
    let cached = try segmenter(TextCache(folder: folder))
    for _ in 0..<2 {
      XCTAssertEqual(try cached.vocabulary(["cat", long], background: .none).truncated, [long])
    }
  }

  func testDamageIsComputedAgain() throws {
    let cached = try segmenter(TextCache(folder: folder))
    let expected = try Self.classifier(cached)
    let path = try XCTUnwrap(files().first)
    let sound = try Data(contentsOf: URL(fileURLWithPath: path))
    var cases: [Data] = [Data(), sound.prefix(1), sound.prefix(47), sound.prefix(48), sound.prefix(300)]
    cases += [Data(repeating: 0xFF, count: sound.count), Data(repeating: 0, count: 17 << 20)]
    for index in stride(from: 0, to: sound.count, by: 13) {
      var damaged = sound
      damaged[index] ^= 0x10
      cases.append(damaged)
    }
    for (index, damaged) in cases.enumerated() {
      try damaged.write(to: URL(fileURLWithPath: path))
      let run = try promptsRun {
        XCTAssertEqual(try Self.classifier(cached, control: $0), expected, "\(index)")
      }
      XCTAssertGreaterThan(run, 0, "\(index)")
      // And what was damaged is whole again.
      let next = try promptsRun {
        XCTAssertEqual(try Self.classifier(cached, control: $0), expected, "\(index)")
      }
      XCTAssertEqual(next, 0, "\(index)")
    }
  }

  func testOtherModelsAndTemplatesHaveFilesOfTheirOwn() throws {
    let cache = TextCache(folder: folder)
    _ = try Self.classifier(segmenter(cache))
    let run = try promptsRun { _ = try Self.classifier(segmenter(cache), templates: .plain, control: $0) }
    XCTAssertEqual(run, Self.names.count)
    XCTAssertEqual(try files().count, 2)
    let embedded = try Segmenter(threads: 2, textCache: cache)
    let names = ["a striped horse", "umbrella stand"]
    XCTAssertEqual(try promptsRun { _ = try Self.classifier(embedded, names, control: $0) }, 28)
    XCTAssertEqual(try files().count, 3)
    // A file under another one's name is told by its content.
    let paths = try files()
    for path in paths {
      try Data(contentsOf: URL(fileURLWithPath: paths[0])).write(to: URL(fileURLWithPath: path))
    }
    XCTAssertEqual(try Self.classifier(segmenter(cache)), try Self.classifier(segmenter(nil)))
    XCTAssertEqual(try Self.classifier(embedded, names), try Self.classifier(Segmenter(threads: 2), names))
  }

  func testAFolderThatCannotBe() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data("no folder".utf8).write(to: URL(fileURLWithPath: "\(folder)/file"))
    let expected = try Self.classifier(segmenter(nil))
    // Below a file; a name with a zero; and, for users whom permissions bind, a folder that may not be written to.
    var folders = ["\(folder)/file", "\(folder)/file/deeper", "\(folder)/a\0b"]
    if geteuid() != 0 {
      folders.append("\(folder)/locked")
      try FileManager.default.createDirectory(
        atPath: "\(folder)/locked", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o500])
    }
    for path in folders {
      let cache = TextCache(folder: path)
      let cached = try segmenter(cache)
      for _ in 0..<2 { XCTAssertEqual(try Self.classifier(cached), expected) }
      let problem = try XCTUnwrap(cache.problem, path)
      XCTAssertFalse("\(problem)".contains("\n"))
    }
    XCTAssertEqual(try String(contentsOfFile: "\(folder)/file", encoding: .utf8), "no folder")
  }

  func testPipesAndFoldersInTheFilesPlace() throws {
    let expected = try Self.classifier(segmenter(nil))
    _ = try Self.classifier(segmenter(TextCache(folder: folder)))
    let path = try XCTUnwrap(files().first)
    for makeOther in [{ mkdir(path, 0o700) }, { mkfifo(path, 0o600) }] {
      try FileManager.default.removeItem(atPath: path)
      XCTAssertEqual(makeOther(), 0)
      // A pipe with nobody at its other end is waited for by neither reader nor writer.
      let cache = TextCache(folder: folder)
      XCTAssertEqual(try Self.classifier(segmenter(cache)), expected)
      XCTAssertNotNil(cache.problem)
      XCTAssertEqual(try files(), [path])
    }
  }

  func testManyVocabulariesAtOnce() throws {
    let names = (0..<12).map { "thing \($0)" }
    let plain = try segmenter(nil)
    let expected = try names.map { try Self.classifier(plain, [$0, "cat"], templates: .plain) }
    let cached = try segmenter(TextCache(folder: folder))
    DispatchQueue.concurrentPerform(iterations: 48) { run in
      let index = run % names.count
      XCTAssertEqual(try? Self.classifier(cached, [names[index], "cat"], templates: .plain), expected[index])
    }
    // One cache's writers do not undo each other's work.
    for name in names {
      let run = try promptsRun {
        _ = try Self.classifier(cached, [name, "cat"], templates: .plain, control: $0)
      }
      XCTAssertEqual(run, 0, name)
    }
  }

  func testManyCachesInOneFolder() throws {
    let names = (0..<6).map { "thing \($0)" }
    let plain = try segmenter(nil)
    let expected = try names.map { try Self.classifier(plain, [$0, "cat"], templates: .plain) }
    let segmenters = try names.map { _ in try segmenter(TextCache(folder: folder)) }
    DispatchQueue.concurrentPerform(iterations: 6) { index in
      for _ in 0..<10 {
        XCTAssertEqual(
          try? Self.classifier(segmenters[index], [names[index], "cat"], templates: .plain), expected[index])
      }
    }
    XCTAssertEqual(try files().count, 1, "nothing but the file is left")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: files()[0]))
    XCTAssertEqual((bytes.count - 48) % (68 + 4 * 32), 0, "whole entries")
    for (index, name) in names.enumerated() {
      XCTAssertEqual(
        try Self.classifier(segmenters[0], [name, "cat"], templates: .plain), expected[index], name)
    }
  }

  func testProgressCountsWhatWasKnown() throws {
    let cached = try segmenter(TextCache(folder: folder))
    _ = try Self.classifier(cached, ["cat", "sky"])
    let steps = Steps()
    _ = try Self.classifier(cached, control: RunControl { if $0.stage == .text { steps.append($0) } })
    XCTAssertEqual(steps.all.first?.completed, 28)
    XCTAssertEqual(steps.all.last?.completed, 70)
    XCTAssert(steps.all.allSatisfy { $0.total == 70 })
  }
}

/// The first number that a run reports.
private final class FirstStep: @unchecked Sendable {
  private let lock = NSLock()
  private var first: Int?
  var value: Int? { lock.withLock { first } }
  func set(_ number: Int) { lock.withLock { first = first ?? number } }
}

/// All that a run reports.
private final class Steps: @unchecked Sendable {
  private let lock = NSLock()
  private var list: [RunProgress] = []
  var all: [RunProgress] { lock.withLock { list } }
  func append(_ step: RunProgress) { lock.withLock { list.append(step) } }
}
