import Foundation
import XCTest

/// `eval --state`: a run that was stopped goes on, and gives what an uninterrupted one gives.
final class EvalStateTests: XCTestCase {
  private let keep = ["--state", "state.jsonl", "--predictions", "maps", "--baselines"]

  private func lines(_ eval: Evaluating) throws -> [Substring] {
    String(decoding: try eval.folder.bytes("state.jsonl"), as: UTF8.self).split(separator: "\n")
  }

  private func text(_ report: [String: Any]) throws -> String {
    String(
      decoding: try JSONSerialization.data(withJSONObject: report, options: [.sortedKeys]), as: UTF8.self)
  }

  func testResume() throws {
    let eval = try Evaluating()
    try eval.addAll()
    let whole = try eval.report(["--baselines"])
    for count in 1...4 {
      _ = try eval.report(keep + ["--limit", "\(count)"])
      XCTAssertEqual(try lines(eval).count, count + 1)
    }
    let before = try eval.folder.bytes("state.jsonl")
    let outcome = try eval.run(keep + ["--json", "-"])
    XCTAssertEqual(outcome.errorLines[0], "4 of 4 photos were known from state.jsonl")
    XCTAssertEqual(try text(eval.report(keep)), try text(whole))
    XCTAssertEqual(try eval.folder.bytes("state.jsonl"), before)
    // A part of what is known can be asked for, too.
    XCTAssertEqual(
      try Evaluating.Counts(eval.report(keep + ["--limit", "1"])), try Evaluating.expected([0]))
  }

  /// Whatever the moment at which a run ended, the next one goes on from the last whole line.
  func testTornFile() throws {
    let eval = try Evaluating()
    try eval.addAll()
    // Label maps are written anew, and have other times.
    let keep = ["--state", "state.jsonl", "--baselines"]
    let whole = try text(eval.report(keep))
    let bytes = try eval.folder.bytes("state.jsonl")
    for end in [0, 1, 40, bytes.count / 3, bytes.count / 2, bytes.count - 1] {
      try eval.folder.write(bytes[..<end], to: "state.jsonl")
      XCTAssertEqual(try text(eval.report(keep)), whole, "\(end) of \(bytes.count) bytes")
      XCTAssertEqual(try eval.folder.bytes("state.jsonl"), bytes, "\(end) of \(bytes.count) bytes")
    }
  }

  /// A photo whose files have changed, or whose label map is missing, is evaluated again; the last line counts.
  func testChanges() throws {
    let eval = try Evaluating()
    try eval.addAll()
    _ = try eval.report(keep)
    let size = Evaluating.size(0)
    let all = [UInt16](repeating: 2, count: size.count)
    try eval.addLabels("a", width: size.width, height: size.height, all)
    let changed = try Evaluating.expected(0..<4) { index in
      index == 0 ? all.map(Int.init) : Evaluating.known(index)
    }
    XCTAssertEqual(try Evaluating.Counts(eval.report(keep)), changed)
    XCTAssertEqual(try lines(eval).count, 6)
    try FileManager.default.removeItem(at: eval.folder["maps/b/c.png"])
    XCTAssertEqual(try Evaluating.Counts(eval.report(keep)), changed)
    XCTAssertEqual(try lines(eval).count, 7)
    XCTAssert(FileManager.default.fileExists(atPath: eval.folder["maps/b/c.png"].path))
    XCTAssertEqual(try Evaluating.Counts(eval.report(keep)), changed)
    XCTAssertEqual(try lines(eval).count, 7)
  }

  /// A label map that is not the one written with its result is made again: of other settings, cut off, or never there.
  func testPredictionsOfOtherRuns() throws {
    let eval = try Evaluating()
    try eval.addAll()
    _ = try eval.report(["--state", "state.jsonl"])
    _ = try eval.report(["--predictions", "maps"], classes: ["--classes", "sky,traffic light,cat"])
    let other = try eval.folder.bytes("maps/a.png")
    let whole = try eval.report(keep)
    let made = try Evaluating.names.map { try eval.folder.bytes("maps/\($0).png") }
    XCTAssert(made[0] != other)
    XCTAssertEqual(try lines(eval).count, 9)
    try eval.folder.write(other, to: "maps/a.png")
    try eval.folder.write(made[1].prefix(50), to: "maps/b/c.png")
    let outcome = try eval.run(keep)
    XCTAssert(outcome.errors.contains("2 of 4 photos were known from state.jsonl"), outcome.errors)
    XCTAssertEqual(try lines(eval).count, 11)
    XCTAssert(try Evaluating.names.map { try eval.folder.bytes("maps/\($0).png") } == made)
    XCTAssertEqual(try text(eval.report(keep)), try text(whole))
    // Where no label maps are wanted, they do not count.
    try FileManager.default.removeItem(at: eval.folder["maps"])
    _ = try eval.report(["--state", "state.jsonl"])
    XCTAssertEqual(try lines(eval).count, 11)
  }

  /// What results depend on has to be what it was.
  func testOtherSettings() throws {
    let eval = try Evaluating()
    try eval.addAll()
    _ = try eval.report(keep)
    try eval.addFile("names.txt", Array("0\tcat\n1\tsky\n".utf8))
    try FileManager.default.copyItem(at: ToyFiles.model, to: eval.folder["other.safetensors"])
    var model = try eval.folder.bytes("other.safetensors")
    model[model.count - 4] ^= 1
    try eval.folder.write(model, to: "other.safetensors")
    let before = try eval.folder.contents()
    let cases: [(arguments: [String], classes: String, problem: String)] = [
      (["--size", "65"], "cat,traffic light,sky", "short side 64, which is 65 now"),
      (["--flip"], "cat,traffic light,sky", "flip false, which is true now"),
      (["--window", "96"], "cat,traffic light,sky", "window none, which is 96 now"),
      (["--ignore", "3,255"], "cat,traffic light,sky", "ignore 255, which is 3,255 now"),
      (["--templates", "vild"], "cat,traffic light,sky", "templates plain, which is vild now"),
      (["--label-offset", "1"], "cat,traffic light,sky", "another label numbers"),
      (["--label-names", "names.txt"], "cat,traffic light,sky", "another label numbers"),
      (["--model", "other.safetensors"], "cat,traffic light,sky", "another model"),
      ([], "cat,traffic light", "classes 3, which is 2 now"),
      ([], "cat,sky,traffic light", "another vocabulary"),
      ([], "cat,traffic light,sky=sky|clouds", "another vocabulary"),
    ]
    for (arguments, classes, problem) in cases {
      let outcome = try eval.run(keep + arguments, classes: ["--classes", classes])
      XCTAssertEqual(outcome.status, 65, outcome.errors)
      XCTAssertEqual(outcome.errorLines.count, 1)
      XCTAssert(outcome.errors.hasPrefix("san-cli: state.jsonl: was made with \(problem)"), outcome.errors)
      XCTAssert(outcome.errors.contains("--state"))
    }
    let after = try eval.folder.contents()
    XCTAssert(before == after)
  }

  func testDamagedFiles() throws {
    let eval = try Evaluating()
    try eval.addAll()
    _ = try eval.report(keep)
    let lines = try lines(eval).map(String.init)
    let cases: [(text: String, problem: String)] = [
      ("a user's notes\n", "is not the state of an evaluation"),
      ("no line's end", "is not the state of an evaluation"),
      ("{\"format\": \"something else\"}\n", "is not the state of an evaluation"),
      (lines[0] + "\nnonsense\n", "line 2 is not a photo's result"),
      (lines[0] + "\n" + lines[1] + "\n{}\n", "line 3 is not a photo's result"),
      (
        lines[0] + "\n" + lines[1].replacingOccurrences(of: "\"counts\": [[0", with: "\"counts\": [[3")
          + "\n",
        "line 2 is not a photo's result"
      ),
      (
        lines[0] + "\n"
          + lines[1].replacingOccurrences(of: "\"left_out\": ", with: "\"left_out\": 9223372036854775807")
          + "\n", "line 2 is not a photo's result"
      ),
      (
        lines[0] + "\n" + lines[1].replacingOccurrences(of: "\"left_out\": ", with: "\"left_out\": -") + "\n",
        "line 2 is not a photo's result"
      ),
    ]
    for (text, problem) in cases {
      try eval.folder.write(Array(text.utf8), to: "state.jsonl")
      let outcome = try eval.run(keep)
      XCTAssertEqual(outcome.status, 65, "\(text.prefix(300)): \(outcome.errors)")
      XCTAssertEqual(outcome.errorLines.count, 1)
      XCTAssert(outcome.errors.contains("state.jsonl: \(problem)"), outcome.errors)
      XCTAssertEqual(try eval.folder.bytes("state.jsonl"), Array(text.utf8))
    }
  }

  /// A signal ends a run in the middle of a photo; what it has done stays.
  func testInterruption() throws {
    let eval = try Evaluating()
    try eval.addAll()
    let whole = try text(eval.report())
    let photo = try eval.folder.bytes("images/b/d.png")
    // The program has looked for photos when it opens the list, which is a pipe; then the third photo becomes one, at
    // which it waits, so that the signal surely comes in the middle.
    let (list, pipe) = (eval.folder["list"].path, eval.folder["images/b/d.png"].path)
    XCTAssertEqual(mkfifo(list, 0o600), 0)
    let running = try Program.start(
      eval.arguments(["--state", "state.jsonl", "--json", "-", "--list", "list"]), in: eval.folder.url)
    let names = open(list, O_WRONLY)  // returns when the program has opened the other end
    XCTAssertGreaterThanOrEqual(names, 0)
    unlink(pipe)
    XCTAssertEqual(mkfifo(pipe, 0o600), 0)
    let text = Evaluating.names.joined(separator: "\n")
    XCTAssertEqual(write(names, text, text.utf8.count), text.utf8.count)
    close(names)
    let writer = open(pipe, O_WRONLY)
    XCTAssertGreaterThanOrEqual(writer, 0)
    XCTAssertEqual(kill(running.process.processIdentifier, SIGINT), 0)
    XCTAssertEqual(write(writer, photo, photo.count), photo.count)
    close(writer)
    let outcome = try running.wait()
    unlink(pipe)
    XCTAssertEqual(outcome.status, 130, outcome.errors)
    XCTAssertEqual(outcome.output, "")
    XCTAssertEqual(outcome.errorLines.last, "san-cli: stopped")
    XCTAssertEqual(try lines(eval).count, 3)

    try eval.addFile("images/b/d.png", photo)
    let next = try eval.run(["--state", "state.jsonl", "--json", "-"])
    XCTAssert(next.errors.contains("2 of 4 photos were known"), next.errors)
    XCTAssertEqual(try self.text(eval.report(["--state", "state.jsonl"])), whole)
    XCTAssertEqual(try lines(eval).count, 5)
  }
}
