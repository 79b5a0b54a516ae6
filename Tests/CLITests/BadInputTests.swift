import Foundation
import SANCore
import XCTest

/// Whatever goes wrong: the exit status that tells what, one line that names the file, and not a file more than before.
final class BadInputTests: XCTestCase {
  /// A folder with a photo and the toy model, and whatever a test adds.
  private func makeFolder() throws -> Scratch {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 33, height: 47), to: "photo.png")
    try FileManager.default.copyItem(at: ToyFiles.model, to: folder["toy.safetensors"])
    return folder
  }

  /// Runs the program and checks how it fails.
  private func assertFails(
    _ arguments: [String], in folder: Scratch, status: Int32, naming name: String, output: URL? = nil,
    shell: String? = nil, file: StaticString = #filePath, line: UInt = #line
  ) throws {
    let before = try folder.contents()
    let outcome = try Program.run(arguments, in: folder.url, output: output, shell: shell)
    let after = try folder.contents()
    let call = "\(arguments.joined(separator: " ").prefix(200)): \(outcome.errors)"
    XCTAssertEqual(outcome.status, status, call, file: file, line: line)
    XCTAssertEqual(outcome.errorLines.count, 1, call, file: file, line: line)
    XCTAssert(outcome.errors.hasPrefix("san-cli: "), call, file: file, line: line)
    XCTAssert(outcome.errors.contains(name), call, file: file, line: line)
    XCTAssertEqual(Set(after.keys), Set(before.keys), call, file: file, line: line)
    for name in after.keys {
      XCTAssert(after[name] == before[name], "\(name) has changed: \(call)", file: file, line: line)
    }
  }

  private func segment(_ photo: String, _ more: String...) -> [String] {
    ["segment", photo, "--model", "toy.safetensors", "--classes", "cat,dog", "--background", "none"] + more
  }

  func testPhotos() throws {
    let folder = try makeFolder()
    let png = try folder.bytes("photo.png")
    try folder.write(png[..<(png.count / 2)], to: "half.png")
    try folder.write(ToyFiles.jpeg[..<(ToyFiles.jpeg.count * 3 / 4)], to: "half.jpg")
    try folder.write(Array("not a picture\n".utf8), to: "text.png")
    try folder.write([], to: "empty.png")
    try folder.write(ToyFiles.emptyPNG(width: 60_000, height: 60_000), to: "huge.png")
    try folder.write(ToyFiles.emptyPNG(width: 16_000, height: 16_000), to: "hollow.png")
    var flipped = png
    flipped[flipped.count / 2] ^= 0x10
    try folder.write(flipped, to: "flipped.png")
    try FileManager.default.createDirectory(at: folder["folder.png"], withIntermediateDirectories: true)
    for name in ["half.png", "half.jpg", "text.png", "empty.png", "huge.png", "hollow.png", "flipped.png"] {
      try assertFails(segment(name), in: folder, status: 65, naming: name)
    }
    XCTAssertLessThan(try folder.bytes("huge.png").count, 100)
    for name in [
      "missing.png", "folder.png", "photo.png/photo.png", "missing\nline.png", "toy.safetensors/x",
    ] {
      let printed = name.replacingOccurrences(of: "\n", with: "\\n")
      try assertFails(segment(name), in: folder, status: 66, naming: printed)
    }
    try assertFails(segment("toy.safetensors"), in: folder, status: 65, naming: "toy.safetensors")
  }

  func testModels() throws {
    let folder = try makeFolder()
    let model = try folder.bytes("toy.safetensors")
    var state: UInt64 = 1
    let noise = (0..<5000).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    try folder.write(model[..<(model.count / 2)], to: "half.safetensors")
    try folder.write(model[..<100], to: "start.safetensors")
    try folder.write(noise, to: "noise.safetensors")
    try folder.write(Array("PK\u{3}\u{4}".utf8) + noise, to: "noise.pth")
    try folder.write([], to: "empty.pth")
    try folder.write(Array("{}".utf8), to: "text.pth")
    for (name, status) in [
      ("half.safetensors", 65), ("start.safetensors", 65), ("noise.safetensors", 65), ("noise.pth", 65),
      ("empty.pth", 65), ("text.pth", 65), ("photo.png", 65), ("missing.pth", 66), (".", 66),
      ("san-maxi", 66),
    ] as [(String, Int32)] {
      try assertFails(
        ["segment", "photo.png", "--classes", "cat", "--model", name], in: folder, status: status,
        naming: name)
      try assertFails(["info", name], in: folder, status: status, naming: name)
      try assertFails(["convert", name, "new.safetensors"], in: folder, status: status, naming: name)
    }
  }

  func testConfigurations() throws {
    let folder = try makeFolder()
    try folder.write(Array(SANConfiguration.vitB16.json.utf8), to: "other.config")
    try folder.write(Array("{\"name\": 1".utf8), to: "broken.config")
    try folder.write(Array("{\"name\": \"x\"}".utf8), to: "short.config")
    // Another model's configuration is told by the model file, which does not have its tensors.
    for (config, status, name) in [
      ("other.config", 65, "toy.safetensors"), ("broken.config", 65, "broken.config"),
      ("short.config", 65, "short.config"), ("missing.config", 66, "missing.config"), (".", 66, "."),
    ] as [(String, Int32, String)] {
      try assertFails(segment("photo.png", "--config", config), in: folder, status: status, naming: name)
      try assertFails(
        ["info", "toy.safetensors", "--config", config], in: folder, status: status, naming: name)
      try assertFails(
        ["convert", "toy.safetensors", "new.safetensors", "--config", config], in: folder, status: status,
        naming: name)
    }
  }

  func testClasses() throws {
    let folder = try makeFolder()
    for classes in [
      "", "cat,,dog", " ", "cat, ", ",", "cat,Cat", "traffic light,traffic  light", "cat|kitten", "a=b=c",
      "cat=cat|", "=cat", "cat,pet=cat|dog",
    ] {
      try assertFails(
        ["segment", "photo.png", "--model", "toy.safetensors", "--classes", classes], in: folder, status: 64,
        naming: "--classes")
    }
    let many = (0...65_535).map { String($0, radix: 36) }.joined(separator: ",")
    // One argument holds 128 KiB at most, so the list comes in four.
    let parts = many.split(separator: ",").chunked(16_384).flatMap {
      ["--classes", $0.joined(separator: ",")]
    }
    try assertFails(
      ["segment", "photo.png", "--model", "toy.safetensors"] + parts, in: folder, status: 64,
      naming: "--classes")
  }

  func testClassesFiles() throws {
    let folder = try makeFolder()
    let cases: [(text: String, names: String)] = [
      ("", "has no class"), ("# only\n\n  \t\n", "has no class"),
      ("cat\n# dog\n\ndog\n CAT # again\n", "line 5: class \"CAT\" is on line 1"),
      ("cat\npet=dog|cat\n", "line 2: \"cat\" is a name of class \"cat\" on line 1"),
      ("cat=a|a\n", "line 1: \"a\" is a name of class \"cat\" on line 1"),
      ("dog\ncat=|cat\n", "line 2: class \"cat\" has a blank synonym"),
      ("dog\n=cat", "line 2: \"=cat\" has no title"), ("dog\n\\ ", "line 2: the class has no"),
      ("dog\ncat|kitten\n", "line 2: \"cat|kitten\""), ("a=b=c\n", "line 1: \"a=b=c\""),
      ("cat\r\ndog\r\ncat", "line 3"), ("cat\rdog\rcat", "line 3"),
      ((0...65_535).map { "\($0)\n" }.joined(), "65536"),
    ]
    for (index, (text, names)) in cases.enumerated() {
      try folder.write(Array(text.utf8), to: "\(index).txt")
      let arguments = [
        "segment", "photo.png", "--model", "toy.safetensors", "--classes-file", "\(index).txt",
      ]
      try assertFails(arguments, in: folder, status: 65, naming: "\(index).txt: ")
      try assertFails(arguments, in: folder, status: 65, naming: names)
    }
    try folder.write([0x63, 0xFF, 0x0A], to: "binary.txt")
    try folder.write([UInt8](repeating: 0x61, count: 8 << 20 + 1), to: "large.txt")
    for (name, status) in [
      ("binary.txt", 65), ("large.txt", 65), ("missing.txt", 66), (".", 66),
    ] as [(String, Int32)] {
      try assertFails(
        ["segment", "photo.png", "--model", "toy.safetensors", "--classes-file", name], in: folder,
        status: status, naming: name)
    }
  }

  func testBackgroundsAndTemplates() throws {
    let folder = try makeFolder()
    for background in ["", "tree,,sky", "tree,tree", "tree,dog", " "] {
      let arguments = ["segment", "photo.png", "--model", "toy.safetensors", "--classes", "cat,dog"]
      try assertFails(
        arguments + ["--background", background], in: folder, status: 64, naming: "--background")
    }
    try folder.write(Array("a photo\n".utf8), to: "no-place.txt")
    try folder.write([0xFF, 0xFE, 0x80], to: "binary.txt")
    try folder.write([], to: "nothing.txt")
    for name in ["no-place.txt", "binary.txt", "nothing.txt"] {
      try assertFails(segment("photo.png", "--templates", name), in: folder, status: 65, naming: name)
    }
    try assertFails(segment("photo.png", "--templates", "vilt"), in: folder, status: 66, naming: "vilt")
  }

  func testPlacesThatCannotBeWritten() throws {
    let folder = try makeFolder()
    try FileManager.default.createDirectory(at: folder["folder.png"], withIntermediateDirectories: true)
    try FileManager.default.createDirectory(at: folder["folder.npy"], withIntermediateDirectories: true)
    for (option, path) in [
      ("--output", "missing/out.png"), ("--output", "missing/"), ("--output", "photo.png/out.png"),
      ("--labels", "missing/labels.png"), ("--labels", "folder.png"), ("--json", "photo.png/report.json"),
      ("--scores", "folder.npy"), ("--mask-dir", "photo.png"),
      ("--mask-dir", "photo.png/masks"),
    ] {
      try assertFails(segment("photo.png", option, path), in: folder, status: 73, naming: path)
    }
    for path in [
      "missing/new.safetensors", "photo.png/new.safetensors", "/dev/full.safetensors/x.safetensors",
    ] {
      try assertFails(["convert", "toy.safetensors", path], in: folder, status: 73, naming: path)
    }
    // The system lets root write anywhere.
    if geteuid() != 0 {
      let closed = folder["closed"]
      try FileManager.default.createDirectory(
        at: closed, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o555])
      for (option, path) in [("--output", "closed/out.png"), ("--mask-dir", "closed/masks")] {
        try assertFails(segment("photo.png", option, path), in: folder, status: 73, naming: path)
      }
    }
  }

  func testOutputsThatAreInputsOrEachOther() throws {
    let folder = try makeFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder["link.png"].path, withDestinationPath: "photo.png")
    try FileManager.default.linkItem(at: folder["photo.png"], to: folder["twin.png"])
    try folder.write(Array("a photo of {}".utf8), to: "a.txt")
    let cases: [[String]] = [
      ["--output", "photo.png"], ["--output", "./photo.png"], ["--output", "link.png"],
      ["--labels", "twin.png"],
      ["--labels", "photo.segmented.png"], ["--output", "x.png", "--labels", "./x.png"],
      ["--json", "x.json", "--scores", "x.json"], ["--json", "toy.safetensors"],
      ["--mask-dir", ".", "--labels", "000-cat.png"], ["--mask-dir", ".", "--output", "other.png"],
      ["--output", "out.tiff"], ["--labels", "labels.tiff"], ["--scores", "scores.npx"],
      ["--templates", "a.txt", "--json", "a.txt"],
    ]
    try assertFails(
      [
        "segment", "photo.png", "--model", "toy.safetensors", "--classes-file", "a.txt", "--json", "./a.txt",
      ], in: folder, status: 64, naming: "a.txt")
    for options in cases {
      let name = options.last(where: { !$0.hasPrefix("--") }) ?? ""
      try assertFails(
        ["segment", "photo.png", "--model", "toy.safetensors", "--classes", "cat", "--background", "none"]
          + options,
        in: folder, status: 64, naming: name)
    }
    for output in ["toy.safetensors", "./toy.safetensors"] {
      try assertFails(["convert", "toy.safetensors", output], in: folder, status: 64, naming: output)
    }
    try assertFails(["convert", "toy.safetensors", "new.pth"], in: folder, status: 64, naming: "new.pth")
  }

  func testFullDisk() throws {
    let folder = try makeFolder()
    // A limit on a file's size stands for a full disk: the scores need more than 16 × 512 bytes, and the files that are
    // made before them less.
    let full = #"ulimit -f 16; exec "$0" "$@""#
    try assertFails(
      segment("photo.png", "--scores", "scores.npy", "--labels", "labels.png", "--mask-dir", "masks"),
      in: folder,
      status: 74, naming: "scores.npy", shell: full)
    try assertFails(
      ["convert", "toy.safetensors", "new.safetensors"], in: folder, status: 74, naming: "new.safetensors",
      shell: full)
    #if os(Linux)
      let device = URL(fileURLWithPath: "/dev/full")
      try assertFails(
        segment("photo.png", "--json", "-"), in: folder, status: 74, naming: "standard output", output: device
      )
      try assertFails(
        ["info", "toy.safetensors"], in: folder, status: 74, naming: "standard output", output: device)
    #endif
  }

  func testReaderThatStops() throws {
    let folder = try makeFolder()
    let outcome = try Program.run(
      segment("photo.png", "--quiet"), in: folder.url, shell: #""$0" "$@" | true"#)
    XCTAssertEqual(outcome.errors, "")
    XCTAssertEqual(
      Set(try folder.contents().keys), ["photo.png", "photo.segmented.png", "toy.safetensors"])
  }

  func testInterruption() throws {
    let folder = try makeFolder()
    // The program waits for the photo from a pipe, so that the signal surely comes while it runs.
    for (signal, status) in [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)] {
      let pipe = folder["pipe.png"].path
      XCTAssertEqual(mkfifo(pipe, 0o600), 0)
      let before = Set(try folder.contents(except: "pipe.png").keys)
      let running = try Program.start(segment("pipe.png", "--mask-dir", "masks"), in: folder.url)
      let writer = open(pipe, O_WRONLY)  // returns when the program has opened the other end
      XCTAssertGreaterThanOrEqual(writer, 0)
      XCTAssertEqual(kill(running.process.processIdentifier, signal), 0)
      let photo = try folder.bytes("photo.png")
      XCTAssertEqual(write(writer, photo, photo.count), photo.count)
      close(writer)
      let outcome = try running.wait()
      XCTAssertEqual(outcome.status, status, outcome.errors)
      XCTAssertEqual(outcome.errorLines.count, 1, outcome.errors)
      XCTAssertEqual(outcome.output, "")
      unlink(pipe)
      XCTAssertEqual(Set(try folder.contents().keys), before)
    }
  }
}

extension Scratch {
  /// ``contents()`` without looking into the file `name`.
  fileprivate func contents(except name: String) throws -> [String: [UInt8]] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: url.path).filter { $0 != name }
    return Dictionary(uniqueKeysWithValues: names.map { ($0, []) })
  }
}

extension Array {
  /// The elements in runs of `count`.
  fileprivate func chunked(_ count: Int) -> [ArraySlice<Element>] {
    stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)] }
  }
}
