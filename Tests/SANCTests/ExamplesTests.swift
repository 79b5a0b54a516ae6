import Foundation
import SANInference
import TestSupport
import XCTest

/// The C and Python examples, on the built library: what they write is what a segmenter says.
final class ExamplesTests: XCTestCase {
  private static let root = Fixture.packageRoot
  private static let photo = root.appendingPathComponent("Examples/photos/chelsea.png")
  private static let classes = ["cat", "wall", "vitrail à motifs"]

  /// Where the package's products are.
  private static let products: URL = {
    let bundle =
      Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
      ?? URL(fileURLWithPath: CommandLine.arguments[0])
    return bundle.deletingLastPathComponent()
  }()

  #if os(macOS)
    private static let library = products.appendingPathComponent("libsan.dylib")
  #else
    private static let library = products.appendingPathComponent("libsan.so")
  #endif

  private var folder = URL(fileURLWithPath: "/")

  override func setUpWithError() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "san-examples-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  override func tearDown() { try? FileManager.default.removeItem(at: folder) }

  func testC() throws {
    let compiler = try program("cc")
    let example = folder.appendingPathComponent("segment")
    let compiled = try run(
      compiler,
      ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        + [ExamplesTests.root.appendingPathComponent("Examples/c/segment.c").path]
        + ["-I", ExamplesTests.root.appendingPathComponent("Sources/CSAN/include").path]
        + ["-L", ExamplesTests.products.path, "-lsan", "-Wl,-rpath,\(ExamplesTests.products.path)"]
        + ["-o", example.path])
    XCTAssertEqual(compiled.status, 0, compiled.errors)
    try check(example, [])
  }

  func testPython() throws {
    let python = try program("python3")
    let script = ExamplesTests.root.appendingPathComponent("Examples/python/segment.py").path
    try check(python, ["-B", "-W", "error", script], ["SAN_LIBRARY": ExamplesTests.library.path])
  }

  /// Runs an example on the photo, and on files that are none.
  private func check(_ program: URL, _ first: [String], _ environment: [String: String] = [:]) throws {
    let output = folder.appendingPathComponent("labels.pgm")
    let outcome = try run(
      program, first + [ExamplesTests.photo.path, output.path] + ExamplesTests.classes, environment)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(outcome.errors, "")

    let segmenter = try Segmenter()
    let expected = try segmenter.segment(
      RGBImage(contentsOf: ExamplesTests.photo.path),
      vocabulary: segmenter.vocabulary(ExamplesTests.classes, background: .none))
    let header = "P5\n\(expected.labels.size.width) \(expected.labels.size.height)\n65535\n"
    let samples = expected.labels.labels.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    XCTAssertEqual(Array(try Data(contentsOf: output)), Array(header.utf8) + samples)
    let lines = outcome.output.split(separator: "\n")
    XCTAssertEqual(lines.count, expected.classes.count)
    for (line, found) in zip(lines, expected.classes) {
      let share = String(format: "%.1f %%  %.3f", 100 * found.coverage, found.meanScore)
      XCTAssert(line.hasPrefix(found.name) && line.hasSuffix(" \(share)"), "\(line); not \(share)")
    }

    let missing = try run(program, first + ["/no/photo", output.path, "cat"], environment)
    XCTAssertEqual(missing.status, 1)
    XCTAssert(missing.errors.hasPrefix("/no/photo: cannot be read"), missing.errors)
    XCTAssertEqual(missing.errors.split(separator: "\n").count, 1, missing.errors)
    let twice = try run(program, first + [ExamplesTests.photo.path, output.path, "cat", "cat"], environment)
    XCTAssertEqual(twice.status, 1)
    XCTAssert(twice.errors.contains("given twice"), twice.errors)
  }

  /// The program of this name on the search path.
  private func program(_ name: String) throws -> URL {
    let folders = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":")
    let found = folders.map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
    guard let found else { throw XCTSkip("\(name) is not installed; its example is not checked") }
    return URL(fileURLWithPath: found)
  }

  private func run(
    _ program: URL, _ arguments: [String], _ environment: [String: String] = [:]
  ) throws -> (status: Int32, output: String, errors: String) {
    let process = Process()
    (process.executableURL, process.arguments) = (program, arguments)
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let logs = ["output", "errors"].map { folder.appendingPathComponent($0) }
    for log in logs { try Data().write(to: log) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: logs[0])
    process.standardError = try FileHandle(forWritingTo: logs[1])
    try process.run()
    process.waitUntilExit()
    let texts = try logs.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    let crashed = process.terminationReason == .uncaughtSignal
    return (crashed ? -process.terminationStatus : process.terminationStatus, texts[0], texts[1])
  }
}
