import Foundation
import SANCore
import TestSupport
import XCTest

/// `models` but for downloads, and models by name in other commands.
final class ModelsTests: XCTestCase {
  /// As `sha256sum` tells it.
  private let digest = "a279e7f41a00072646a211fe5baf78aad491007baedc31324045a06d3df6d193"
  private let file = Fixture.url("mmseg/micro.pth").path

  private func run(_ arguments: [String], in folder: Scratch, models: String = "models") throws
    -> Program.Outcome
  {
    try Program.run(arguments, in: folder.url, environment: ["SAN_MODEL_DIR": folder[models].path])
  }

  private func assertFails(
    _ outcome: Program.Outcome, _ status: Int32, _ words: String..., file: StaticString = #filePath,
    line: UInt = #line
  ) {
    XCTAssertEqual(outcome.status, status, outcome.errors, file: file, line: line)
    XCTAssertEqual(outcome.errorLines.count, 1, outcome.errors, file: file, line: line)
    for word in words { XCTAssert(outcome.errors.contains(word), outcome.errors, file: file, line: line) }
  }

  func testAdd() throws {
    let folder = try Scratch()
    let outcome = try run(["models", "add", file, "--sha256", digest.uppercased()], in: folder)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(outcome.output, "micro\n")
    XCTAssertEqual(outcome.errors, "")
    XCTAssertEqual(
      Set(try folder.contents().keys),
      ["models", "models/micro.safetensors", "models/micro.safetensors.json"])
    let installed = try Checkpoint.open(path: folder["models/micro.safetensors"].path)
    let source = try Checkpoint.open(path: file)
    XCTAssertEqual(try SANConfiguration.find(for: installed).name, "san-micro")
    for entry in source.entries {
      XCTAssertEqual(
        try installed.tensor(entry.name).values, try source.tensor(entry.name).values, entry.name)
    }
    let json = try folder.bytes("models/micro.safetensors.json")
    let record = try json.withUnsafeBytes { try JSONValue(parsing: $0) }
    XCTAssertEqual(record["name"], .string("micro"))
    XCTAssertEqual(record["source"], .string("micro.pth"))
    XCTAssertEqual(record["source_sha256"], .string(digest))
    XCTAssertEqual(record["bytes"], .integer(installed.fileByteCount))
    // The same file under the same name is no error, and changes nothing.
    let before = try folder.contents()
    let again = try run(["models", "add", file], in: folder)
    XCTAssertEqual(again.status, 0)
    XCTAssert(again.errors.contains("installed already"), again.errors)
    XCTAssertEqual(try folder.contents(), before)
    assertFails(
      try run(["models", "add", ToyFiles.model.path, "--name", "micro"], in: folder), 73,
      "san-cli models remove micro")
    XCTAssertEqual(try folder.contents(), before)
  }

  func testConfigurationAndQuiet() throws {
    let folder = try Scratch()
    try folder.write(Fixture.bytes("mmseg/micro.pth"), to: "m.pth")
    assertFails(try run(["models", "add", "m.pth"], in: folder), 65, "m.pth", "--config FILE")
    let arguments = ["models", "add", "m.pth", "--config", Fixture.url("mmseg/micro.json").path, "--quiet"]
    // The second time there would be a note.
    for _ in 0..<2 {
      let outcome = try run(arguments, in: folder)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssertEqual(outcome.output, "m\n")
      XCTAssertEqual(outcome.errors, "")
    }
    XCTAssert(try run(["info", "m"], in: folder).output.hasPrefix("san-micro\n"))
  }

  func testADamagedInstallationIsReplaced() throws {
    let folder = try Scratch()
    XCTAssertEqual(try run(["models", "add", file], in: folder).status, 0)
    let sound = try folder.contents()
    try folder.write(Array("hello".utf8), to: "models/micro.safetensors")
    let outcome = try run(["models", "add", file], in: folder)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.errors.contains("micro.safetensors: is no longer what was installed"), outcome.errors)
    XCTAssertEqual(try folder.contents(), sound)
  }

  func testPrecisionIsKept() throws {
    let folder = try Scratch()
    for (type, name) in [(ElementType.float16, "f16"), (.bfloat16, "bf16")] {
      let file = folder["\(name).safetensors"]
      try ToyFiles.write(type: type, to: file)
      XCTAssertEqual(try run(["models", "add", file.path], in: folder).status, 0)
      let installed = try Checkpoint.open(path: folder["models/\(name).safetensors"].path)
      XCTAssertEqual(Set(installed.entries.map(\.type)), [type])
      XCTAssertEqual(
        try installed.tensor("clip_rec_head.proj").values,
        try Checkpoint.open(path: file.path).tensor("clip_rec_head.proj").values)
    }
  }

  func testWhatCannotBeAdded() throws {
    let folder = try Scratch()
    let bytes = try Fixture.bytes("mmseg/micro.pth")
    try folder.write(bytes[..<(bytes.count / 2)], to: "half.pth")
    try folder.write(bytes, to: "a b.pth")
    try folder.write(bytes, to: "san-mini.pth")
    try folder.write([], to: "file")
    let before = try folder.contents()
    let zeros = String(repeating: "0", count: 64)
    assertFails(try run(["models", "add", "missing.pth"], in: folder), 66, "missing.pth")
    assertFails(try run(["models", "add", "half.pth"], in: folder), 65, "half.pth")
    assertFails(try run(["models", "add", "a b.pth"], in: folder), 64, "--name", "a b")
    assertFails(try run(["models", "add", "san-mini.pth"], in: folder), 64, "--name", "embedded")
    for name in ["", "a/b", "../a", ".a", "a.pth", "a.safetensors", "é", String(repeating: "a", count: 65)] {
      assertFails(try run(["models", "add", file, "--name", name], in: folder), 64, "--name")
    }
    for hash in ["", "0", String(repeating: "g", count: 64), zeros + "0"] {
      assertFails(try run(["models", "add", file, "--sha256", hash], in: folder), 64, "--sha256")
    }
    assertFails(
      try run(["models", "add", file, "--sha256", zeros], in: folder), 65, file, digest, zeros,
      "get the file again")
    // A published name is for the published file.
    assertFails(
      try run(["models", "add", file, "--name", "san-vit-l14-mmseg"], in: folder), 65, digest, "a11e098f")
    assertFails(
      try run(["models", "add", file], in: folder, models: "file"), 73,
      "\(folder["file"].path): cannot be made: a file is in its place", "SAN_MODEL_DIR to another folder")
    var after = try folder.contents()
    after["models"] = nil  // half.pth is told when the folder is there
    XCTAssertEqual(after, before)
  }

  func testVerify() throws {
    let folder = try Scratch()
    XCTAssertEqual(try run(["models", "add", file], in: folder).status, 0)
    let sound = try run(["models", "verify"], in: folder)
    XCTAssertEqual(sound.status, 0, sound.errors)
    XCTAssert(
      sound.output.contains("micro: sound; SHA-256 ") && sound.output.contains("san-mini: sound; SHA-256 "))

    try folder.write(Fixture.bytes("pth/micro/model.safetensors"), to: "models/mine.safetensors")
    let unknown = try run(["models", "verify"], in: folder)
    XCTAssertEqual(unknown.status, 0, unknown.errors)
    XCTAssert(unknown.output.contains("mine: not known, has no record; SHA-256 "), unknown.output)
    assertFails(try run(["models", "verify", "mine"], in: folder), 65, "mine: without a record")

    var bytes = try folder.bytes("models/micro.safetensors")
    bytes[bytes.count - 1] ^= 1
    try folder.write(bytes, to: "models/micro.safetensors")
    let outcome = try run(["models", "verify"], in: folder)
    assertFails(outcome, 65, "micro: not what was installed")
    XCTAssert(outcome.output.contains("micro: differs; SHA-256 "), outcome.output)
    XCTAssert(outcome.output.contains("san-mini: sound"), outcome.output)
  }

  /// One model that cannot be checked does not keep the others from their turn.
  func testVerifyGoesOn() throws {
    let folder = try Scratch()
    for name in ["a", "b", "c"] {
      XCTAssertEqual(try run(["models", "add", file, "--name", name], in: folder).status, 0)
    }
    try folder.write(Array("{}".utf8), to: "models/a.safetensors.json")
    try FileManager.default.removeItem(at: folder["models/b.safetensors"])
    try FileManager.default.createDirectory(
      at: folder["models/b.safetensors"], withIntermediateDirectories: true)
    let outcome = try run(["models", "verify"], in: folder)
    assertFails(outcome, 65, "a, b: not what was installed")
    XCTAssertEqual(outcome.output.split(separator: "\n").count, 4, outcome.output)
    XCTAssert(outcome.output.contains("a: cannot be checked; "), outcome.output)
    XCTAssert(outcome.output.contains("a.safetensors.json: is not the record"), outcome.output)
    XCTAssert(outcome.output.contains("\"san-cli models remove a\""), outcome.output)
    XCTAssert(outcome.output.contains("b: cannot be checked; "), outcome.output)
    XCTAssert(outcome.output.contains("c: sound; "), outcome.output)
    XCTAssertEqual(try run(["models", "remove", "a"], in: folder).status, 0)
    assertFails(try run(["models", "verify", "other"], in: folder), 66, "other")
  }

  /// What is published of a model is of its .pth file.
  func testVerifyOfFilesPutThereByHand() throws {
    let folder = try Scratch()
    try FileManager.default.createDirectory(at: folder["models"], withIntermediateDirectories: true)
    try folder.write(Fixture.bytes("pth/micro/model.safetensors"), to: "models/san-vit-b16.safetensors")
    let unknown = try run(["models", "verify"], in: folder)
    XCTAssertEqual(unknown.status, 0, unknown.errors)
    XCTAssert(unknown.output.contains("san-vit-b16: not known, has no record"), unknown.output)
    try folder.write(Fixture.bytes("mmseg/micro.pth"), to: "models/san-vit-b16-mmseg.pth")
    let other = try run(["models", "verify", "san-vit-b16-mmseg"], in: folder)
    assertFails(other, 65, "san-vit-b16-mmseg")
    XCTAssert(other.output.contains("differs; SHA-256 \(digest) instead of fd0a7684"), other.output)
  }

  func testListPathAndRemove() throws {
    let folder = try Scratch()
    XCTAssertEqual(try run(["models", "add", file, "--name", "mine"], in: folder).status, 0)
    let text = try run(["models"], in: folder).output
    XCTAssertEqual(text, try run(["models", "list"], in: folder).output)
    XCTAssert(text.contains(/\nsan-vit-b16 +157,840,307 +698\.7 MB +MIT +no\n/), text)
    XCTAssert(text.contains(/\nsan-mini +[\d,]+ +[\d.]+ MB +MIT +yes\n/), text)
    XCTAssert(text.contains(/\nmine +55,543 +0\.2 MB +\? +yes\n/), text)
    XCTAssert(text.contains(/\nsan-mini\n  installed from the package\n  SHA-256 [0-9a-f]{64}\n/), text)
    XCTAssert(text.contains(/\nmine\n  installed from micro\.pth\n  SHA-256 [0-9a-f]{64}\n/), text)
    let output = try run(["models", "list", "--json"], in: folder).output
    let json = try Array(output.utf8).withUnsafeBytes { try JSONValue(parsing: $0) }
    guard case .array(let models) = json else { return XCTFail(output) }
    XCTAssertEqual(
      models.map { $0["name"] },
      ["san-mini", "san-vit-b16", "san-vit-l14", "san-vit-b16-mmseg", "san-vit-l14-mmseg", "mine"].map {
        .string($0)
      })
    XCTAssertEqual(models[5]["path"], .string(folder["models/mine.safetensors"].path))
    XCTAssertEqual(models[5]["source"], .string("micro.pth"))
    let bytes = try folder.bytes("models/mine.safetensors.json")
    let record = try bytes.withUnsafeBytes { try JSONValue(parsing: $0) }
    XCTAssertEqual(models[5]["sha256"], record["sha256"])
    XCTAssertEqual(models[0]["source"], .string("the package"))
    XCTAssertEqual(models[1]["sha256"], .null)
    XCTAssertEqual(models[2]["download_bytes"], .integer(1_821_680_110))
    XCTAssertEqual(models[3]["download_sha256"], .null)
    XCTAssertEqual(models[3]["download_sha256_begins"], .string("fd0a7684"))

    XCTAssertEqual(
      try run(["models", "path", "mine"], in: folder).output, folder["models/mine.safetensors"].path + "\n")
    XCTAssert(
      try run(["models", "path", "san-mini"], in: folder).output.hasSuffix("/san-mini/model.safetensors\n"))
    assertFails(try run(["models", "path", "other"], in: folder), 66, "other", "mine, san-mini")
    assertFails(
      try run(["models", "path", "san-vit-b16"], in: folder), 66, "san-cli models download san-vit-b16")

    assertFails(try run(["models", "remove", "san-mini"], in: folder), 64, "san-mini")
    XCTAssertEqual(try run(["models", "remove", "mine"], in: folder).status, 0)
    XCTAssertEqual(try folder.contents(), ["models": []])
    assertFails(try run(["models", "remove", "mine"], in: folder), 66, "mine")

    // All files of the name go.
    for name in ["a.safetensors", "a.pth", ".a.safetensors"] {
      try folder.write(Array("hello".utf8), to: "models/\(name)")
    }
    XCTAssertEqual(try run(["models", "remove", "a"], in: folder).status, 0)
    XCTAssertEqual(try folder.contents(), ["models": []])
  }

  /// What a shell offers for a model: names, and where a file will do, model files and folders.
  func testCompletion() throws {
    let folder = try Scratch()
    try folder.write([], to: "b.pth")
    try folder.write([], to: "b.txt")
    XCTAssertEqual(try run(["models", "add", file, "--name", "mine"], in: folder).status, 0)
    func completions(_ command: [String], _ argument: String, _ word: String) throws -> [Substring] {
      let line = ["san-cli"] + command + (argument.hasPrefix("--") ? [argument, word] : [word])
      let place = ["--", argument, "\(line.count - 1)", "\(word.count)"]
      return try run(["---completion"] + command + place + line, in: folder).output.split(separator: "\n")
    }
    XCTAssertEqual(try completions(["models", "remove"], "positional@0", ""), ["mine", "san-mini"])
    XCTAssertEqual(try completions(["info"], "positional@0", ""), ["mine", "san-mini", "b.pth", "models/"])
    XCTAssertEqual(
      try completions(["segment"], "--model", "models/m"),
      ["mine", "san-mini", "models/mine.safetensors"])
  }

  func testOtherCommandsTakeNames() throws {
    let folder = try Scratch()
    XCTAssertEqual(try run(["models", "add", ToyFiles.model.path, "--name", "mine"], in: folder).status, 0)
    XCTAssert(try run(["info", "mine"], in: folder).output.hasPrefix("toy\n"))
    try folder.write(ToyFiles.png(width: 40, height: 30), to: "photo.png")
    let arguments = ["segment", "photo.png", "--classes", "cat,dog", "--background", "none", "--no-overlay"]
    let named = try run(arguments + ["--model", "mine"], in: folder)
    XCTAssertEqual(named.status, 0, named.errors)
    XCTAssertEqual(named.output, try run(arguments + ["--model", ToyFiles.model.path], in: folder).output)
    assertFails(try run(arguments + ["--model", "other"], in: folder), 66, "other", "mine, san-mini")
    assertFails(
      try run(arguments + ["--model", "san-vit-l14"], in: folder), 66, "san-cli models download san-vit-l14")
    // No output may take an installed model's place.
    assertFails(
      try run(arguments + ["--model", "mine", "--json", "models/mine.safetensors"], in: folder), 64, "--json")
  }

  /// Without SAN_MODEL_DIR, models are kept where the user's data is.
  func testTheUsersFolder() throws {
    let folder = try Scratch()
    let environment = ["SAN_MODEL_DIR": "", "XDG_DATA_HOME": folder["data"].path]
    let added = try Program.run(["models", "add", file], in: folder.url, environment: environment)
    XCTAssertEqual(added.status, 0, added.errors)
    let path = folder["data/san/models/micro.safetensors"].path
    XCTAssertEqual(
      try Program.run(["models", "path", "micro"], in: folder.url, environment: environment).output,
      path + "\n")
    let homeless = ["SAN_MODEL_DIR": "", "XDG_DATA_HOME": "", "HOME": ""]
    assertFails(
      try Program.run(["models", "add", file], in: folder.url, environment: homeless), 73, "SAN_MODEL_DIR")
  }
}
