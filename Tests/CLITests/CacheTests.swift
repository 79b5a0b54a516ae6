import Foundation
import SANCore
import SANInference
import XCTest

/// `segment`'s cache of class embeddings.
final class CacheTests: XCTestCase {
  private func segment(
    _ folder: Scratch, classes: String = "cat,traffic light", _ options: [String],
    environment: [String: String] = [:]
  ) throws -> Program.Outcome {
    if !FileManager.default.fileExists(atPath: folder["photo.png"].path) {
      try folder.write(ToyFiles.png(width: 47, height: 33), to: "photo.png")
    }
    return try Program.run(
      [
        "segment", "photo.png", "--classes", classes, "--background", "tree,sky", "--model",
        ToyFiles.model.path, "--threads", "2", "--scores", "scores.npy",
      ] + options, in: folder.url, environment: environment)
  }

  private func texts(_ folder: Scratch, in cache: String) throws -> [String] {
    try folder.contents().keys.filter { $0.hasPrefix("\(cache)/") && $0.hasSuffix(".text") }.sorted()
  }

  func testSameBitsWithAnyKernelSet() throws {
    for kernels in KernelSet.available {
      let folder = try Scratch()
      let environment = ["SAN_KERNELS": kernels.description]
      func scores(_ options: [String], classes: String = "cat,traffic light") throws -> [UInt8] {
        let outcome = try segment(folder, classes: classes, options, environment: environment)
        XCTAssertEqual(outcome.status, 0, outcome.errors)
        return try folder.bytes("scores.npy")
      }
      let expected = try scores(["--no-cache"])
      XCTAssertEqual(try texts(folder, in: "kept"), [])
      _ = try scores(["--cache", "kept"], classes: "traffic light")
      // Whole files in a failure's message would fill the log.
      XCTAssert(try scores(["--cache", "kept"]) == expected, "\(kernels), some known")
      XCTAssert(try scores(["--cache", "kept"]) == expected, "\(kernels), all known")
      let files = try texts(folder, in: "kept")
      XCTAssertEqual(files.count, 1)
      XCTAssert(files[0].hasSuffix("-\(TextCache.maker(kernels.description)).text"), files[0])
    }
  }

  /// The embedded model, some of whose embeddings come with the package: a name's is the same whatever names it is computed
  /// with, kept or not.
  func testTheEmbeddedModelsScores() throws {
    for kernels in KernelSet.available {
      let folder = try Scratch()
      try folder.write(ToyFiles.png(width: 47, height: 33), to: "photo.png")
      func scores(_ classes: String, _ options: [String]) throws -> [UInt8] {
        let outcome = try Program.run(
          [
            "segment", "photo.png", "--classes", classes, "--size", "64", "--threads", "2", "--quiet",
            "--no-overlay", "--scores", "scores.npy",
          ] + options, in: folder.url, environment: ["SAN_KERNELS": kernels.description])
        XCTAssertEqual(outcome.status, 0, outcome.errors)
        return try folder.bytes("scores.npy")
      }
      let names = ["cat", "wall", "vitrail à motifs"]
      let expected = try scores(names.joined(separator: ","), ["--no-cache"])
      for name in names { _ = try scores(name, ["--cache", "kept"]) }
      XCTAssert(
        try scores(names.joined(separator: ","), ["--cache", "kept"]) == expected, "\(kernels)")
    }
  }

  func testTheUsersFolder() throws {
    let folder = try Scratch()
    for environment in [
      ["XDG_CACHE_HOME": folder["xdg"].path], ["XDG_CACHE_HOME": "", "HOME": folder.url.path],
    ] {
      let outcome = try segment(folder, [], environment: environment)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssertEqual(outcome.errorLines, ["wrote photo.segmented.png", "wrote scores.npy"])
    }
    XCTAssertEqual(try texts(folder, in: "xdg/san").count, 1)
    #if os(Linux)
      XCTAssertEqual(try texts(folder, in: ".cache/san").count, 1)
    #endif
    // Without a home there is no cache, and nothing to say.
    let outcome = try segment(folder, [], environment: ["XDG_CACHE_HOME": "", "HOME": ""])
    XCTAssertEqual(outcome.status, 0)
    XCTAssertEqual(outcome.errorLines, ["wrote photo.segmented.png", "wrote scores.npy"])
  }

  func testAFolderThatCannotBe() throws {
    let folder = try Scratch()
    try folder.write(Array("a file".utf8), to: "file")
    let outcome = try segment(folder, ["--cache", "file/kept"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(outcome.errorLines.count, 3, outcome.errors)
    XCTAssert(outcome.errorLines[0].hasPrefix("san-cli: note: "), outcome.errors)
    XCTAssertEqual(try segment(folder, ["--cache", "file/kept", "--quiet"]).errors, "")
    XCTAssertEqual(try folder.bytes("file"), Array("a file".utf8))
  }

  func testManyProcessesAtOnce() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 47, height: 33), to: "photo.png")
    let runs = try (0..<6).map { index in
      try Program.start(
        [
          "segment", "photo.png", "--classes", "cat,thing \(index)", "--background", "none", "--model",
          ToyFiles.model.path, "--threads", "1", "--cache", "kept", "--output", "\(index).png", "--scores",
          "\(index).npy",
        ], in: folder.url)
    }
    for run in runs {
      let outcome = try run.wait()
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssertFalse(outcome.errors.contains("note"), outcome.errors)
    }
    XCTAssertEqual(try folder.contents().keys.filter { $0.hasPrefix("kept/") }.count, 1)
    for index in 0..<6 {
      let outcome = try Program.run(
        [
          "segment", "photo.png", "--classes", "cat,thing \(index)", "--background", "none", "--model",
          ToyFiles.model.path, "--threads", "1", "--no-cache", "--scores", "alone.npy",
        ], in: folder.url)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssert(try folder.bytes("alone.npy") == folder.bytes("\(index).npy"), "\(index)")
    }
  }
}
