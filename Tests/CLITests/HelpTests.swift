import Foundation
import XCTest

/// What the program says of itself, word for word.
final class HelpTests: XCTestCase {
  private static let snapshots = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Snapshots")

  private static let commands = [
    "segment", "report", "eval", "vocabularies", "convert", "info", "benchmark", "models", "models list",
    "models path",
    "models verify", "models add", "models download", "models remove", "doctor",
  ]

  private static func snapshot(of command: String) -> URL {
    snapshots.appendingPathComponent("\(command.replacingOccurrences(of: " ", with: "-")).txt")
  }

  func testHelp() throws {
    for command in ["san-cli"] + HelpTests.commands {
      let words = command == "san-cli" ? [] : command.split(separator: " ").map(String.init)
      let arguments = words + ["--help"]
      let outcome = try Program.run(arguments, in: FileManager.default.temporaryDirectory)
      XCTAssertEqual(outcome.status, 0, command)
      XCTAssertEqual(outcome.errors, "", command)
      let file = HelpTests.snapshot(of: command)
      if ProcessInfo.processInfo.environment["SAN_UPDATE_SNAPSHOTS"] == "1" {
        try Data(outcome.output.utf8).write(to: file)
      }
      let expected = String(decoding: try Data(contentsOf: file), as: UTF8.self)
      XCTAssertEqual(
        outcome.output, expected,
        "the help of \(command) has changed; where that is meant, run the tests with SAN_UPDATE_SNAPSHOTS=1 and commit"
      )
    }
  }

  func testEveryOptionTellsItsDefault() throws {
    for command in HelpTests.commands {
      let file = HelpTests.snapshot(of: command)
      let help = String(decoding: try Data(contentsOf: file), as: UTF8.self)
      // An option's text runs to the next option or the next blank line.
      var options: [String] = []
      for line in help.split(separator: "\n", omittingEmptySubsequences: false) {
        if line.hasPrefix("  --") {
          options.append(String(line))
        } else if line.hasPrefix("    "), let last = options.popLast() {
          options.append("\(last) \(line.trimmingCharacters(in: .whitespaces))")
        }
      }
      XCTAssertFalse(options.isEmpty)
      // These are required, or of no value.
      let without = [
        "--classes <names>", "--classes-file", "--vocabulary", "--version", "--images", "--labels <folder>",
      ]
      for option in options where !without.contains(where: { option.hasPrefix("  \($0)") }) {
        XCTAssert(option.contains("default: "), option)
      }
    }
  }

  /// The page that Scripts/make-reference makes: CI compares it whole.
  func testEveryOptionIsInTheReference() throws {
    let page = HelpTests.snapshots.appendingPathComponent("../../../docs/reference.md")
    let reference = String(decoding: try Data(contentsOf: page), as: UTF8.self)
    for command in HelpTests.commands {
      let start = try XCTUnwrap(reference.range(of: "## san-cli \(command)\n"), command).upperBound
      let end = reference[start...].range(of: "\n## ")?.lowerBound ?? reference.endIndex
      let told = reference[start..<end]
      let help = String(decoding: try Data(contentsOf: HelpTests.snapshot(of: command)), as: UTF8.self)
      let lines = help.split(separator: "\n").filter { $0.hasPrefix("  --") }
      XCTAssertFalse(lines.isEmpty, command)
      for line in lines {
        // A pair turns something on and off.
        for option in line.split(separator: " ")[0].split(separator: "/")
        where !["--help", "--version"].contains(option) {
          XCTAssert(told.contains("`\(option)`") || told.contains("`\(option) <"), "\(command): \(option)")
        }
      }
    }
  }

  func testVersion() throws {
    let outcome = try Program.run(["--version"], in: FileManager.default.temporaryDirectory)
    XCTAssertEqual(outcome.status, 0)
    XCTAssert(outcome.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil, outcome.output)
  }

  func testWrongUsage() throws {
    let cases: [(arguments: [String], names: String)] = [
      (["segment"], "<image>"),
      (["segment", "photo.png"], "--classes"),
      (["segment", "photo.png"], "--vocabulary"),
      (["segment", "photo.png", "--classes", "cat", "--classes-file", "a.txt"], "--classes-file"),
      (["segment", "photo.png", "--classes", "cat", "--vocabulary", "voc-20"], "--vocabulary"),
      (["segment", "photo.png", "--classes-file", "a.txt", "--vocabulary", "voc-20"], "--classes-file"),
      (["segment", "photo.png", "--classes", "cat", "--synonyms", "worst"], "--synonyms"),
      (["segment", "photo.png", "--vocabulary", "voc"], "pascal-context-59"),
      (["segment", "photo.png", "--classes", "cat", "--colour"], "--colour"),
      (["segment", "photo.png", "--classes", "cat", "--size", "31"], "--size"),
      (["segment", "photo.png", "--classes", "cat", "--size", "wide"], "32 to 4096"),
      (["segment", "photo.png", "--classes", "cat", "--threads", "x"], "1 to 1024"),
      (["segment", "photo.png", "--classes", "cat", "--jobs", "many"], "1 to 256"),
      (["segment", "photo.png", "--classes", "cat", "--opacity", "half"], "0 to 1"),
      (["segment", "photo.png", "--classes", "cat", "--threshold", "low"], "0 or more"),
      (["segment", "photo.png", "--classes", "cat", "--window", "wide"], "64 to 4096"),
      (["segment", "photo.png", "--classes", "cat", "--overlap", "half"], "0.0 to 0.75"),
      (["eval", "--images", "a", "--labels", "b", "--classes", "cat", "--size", "x"], "32 to 4096"),
      (["eval", "--images", "a", "--labels", "b", "--classes", "cat", "--limit", "0"], "1 or more"),
      (["eval", "--images", "a", "--labels", "b", "--classes", "cat", "--label-offset", "x"], "0 to 65535"),
      (["segment", "photo.png", "--classes", "cat", "--threads", "0"], "--threads"),
      (["segment", "photo.png", "--classes", "cat", "--threshold", "nan"], "--threshold"),
      (["segment", "photo.png", "--classes", "cat", "--resample", "nearest"], "--resample"),
      (["segment", "photo.png", "--classes", "cat", "--cache", ""], "--cache"),
      (["segment", "photo.png", "--classes", "cat", "--cache", "a", "--no-cache"], "--no-cache"),
      (["convert", "model.pth"], "<output>"),
      (["convert", "model.pth", "model.safetensors", "--dtype", "f64"], "--dtype"),
      (["info", "model.safetensors", "--size", "640x"], "--size"),
      (["info", "model.safetensors", "--size", "31x640"], "--size"),
      (["benchmark", "--runs", "0"], "--runs"),
      (["benchmark", "--runs", "x"], "1 to 1000"),
      (["benchmark", "--runs", "x"], "(see san-cli benchmark --help)"),
      (["vocabularies", "coco"], "coco-stuff-171"),
      (["models", "add"], "<file>"),
      (["models", "add"], "(see san-cli models add --help)"),
      (["models", "--frob"], "(see san-cli models --help)"),
      (["--generate-completion-script", "nosh"], "'nosh'. Please use"),
      (["models", "add", "a.pth", "--sha256", "12"], "--sha256"),
      (["models", "download"], "<name>"),
      (["models", "download", "a"], "--url"),
      (["models", "download", "a/b", "--url", "http://127.0.0.1/"], "<name>"),
      (["models", "download", "san-mini"], "<name>"),
      (["models", "download", "san-vit-b16", "--sha256", "12", "--trust"], "--trust"),
      (["paint"], "paint: is no command; those are segment, report, eval, "),
      (["segmnt", "photo.png"], "segmnt: is no command; those are segment, report, eval, "),
      (["models", "lst"], "lst: is no command; those are list, path, "),
      (["models", "add", "--nam", "a"], "(see san-cli models add --help)"),
      // What is mistyped is told before what is missing for that.
      (["segment", "photo.png", "--clases", "cat"], "Unknown option '--clases'. Did you mean '--classes'?"),
      (["segment", "--lst", "photos.txt", "--classes", "cat"], "Unknown option '--lst'"),
      (["segment", "photo.png", "--classes", "cat", "--windw", "64", "--overlap", "0.5"], "'--windw'"),
      (["segment", "photo.png", "--classes", "cat", "--cutot", "cat", "--cutout-output", "x"], "'--cutot'"),
      (["eval", "--images", "a", "--labels", "b", "--clases", "cat"], "Unknown option '--clases'"),
      (["segment", "-lead.png", "--classes", "cat"], "the file of this name is ./-lead.png"),
      (
        ["segment", "-gone.png", "--classes", "cat"],
        "Unknown option '-gone.png' (see san-cli segment --help)"
      ),
      (["segment", "photo.png", "--classes", "=a"], "--classes: \"=a\" has no title before the ="),
      (["segment", "photo.png", "--classes", "cat", "--overlap", "0.5"], "--overlap: needs --window"),
      (
        ["segment", "photo.png", "--classes", "cat", "--cutout-output", "x"],
        "--cutout-output: needs --cutout"
      ),
      (["eval", "--images", "a", "--labels", "b"], "no classes: name them with --classes"),
    ]
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 9, height: 8), to: "-lead.png")
    for (arguments, name) in cases {
      let outcome = try Program.run(arguments, in: folder.url)
      XCTAssertEqual(outcome.status, 64, "\(arguments)")
      XCTAssertEqual(outcome.output, "", "\(arguments)")
      XCTAssertEqual(outcome.errorLines.count, 1, "\(arguments): \(outcome.errors)")
      XCTAssert(outcome.errors.contains(name), "\(arguments): \(outcome.errors)")
    }
  }
}
