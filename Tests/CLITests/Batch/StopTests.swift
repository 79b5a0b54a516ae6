import Foundation
import XCTest

/// What stops a run over several images, and what it leaves.
final class StopTests: XCTestCase {
  func testInterruption() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.png", "photo.png", "c.png")
    // The second image is a pipe, at which the program waits, so that the signal surely comes in the middle.
    let pipe = segmenting.folder["b.png"].path
    for (jobs, signal, status) in [("1", SIGINT, 130), ("3", SIGTERM, 143)] as [(String, Int32, Int32)] {
      XCTAssertEqual(mkfifo(pipe, 0o600), 0)
      let options = ["--output", "out\(jobs)", "--labels", "out\(jobs)/labels", "--jobs", jobs]
      let report = "report\(jobs).jsonl"
      let running = try Program.start(
        ["segment", "a.png", "b.png", "c.png", "--report", report] + options + Segmenting.common,
        in: segmenting.folder.url)
      let writer = open(pipe, O_WRONLY)  // returns when the program has opened the other end
      XCTAssertGreaterThanOrEqual(writer, 0)
      // With one job, the first image is done by now; with three, it may be.
      XCTAssertEqual(kill(running.process.processIdentifier, signal), 0)
      let photo = try segmenting.folder.bytes("photo.png")
      XCTAssertEqual(write(writer, photo, photo.count), photo.count)
      close(writer)
      let outcome = try running.wait()
      unlink(pipe)
      XCTAssertEqual(outcome.status, status, outcome.errors)
      XCTAssertEqual(outcome.errorLines.last, "san-cli: stopped")

      let text = String(decoding: try segmenting.folder.bytes(report), as: UTF8.self)
      let lines = try ReportTests.lines(text)
      let done = lines.compactMap { $0["image"] as? String }
      XCTAssertEqual(lines.map { $0["status"] as? String }, done.map { _ in "done" })
      XCTAssertEqual(done, done.sorted())
      XCTAssertFalse(done.contains("b.png"))
      if jobs == "1" { XCTAssertEqual(done, ["a.png"]) }
      // Every file belongs to an image that is done, and all of them are there.
      let names = done.map { String($0.prefix(1)) }
      XCTAssertEqual(
        try segmenting.outputs("out\(jobs)"),
        (names.map { "\($0).segmented.png" } + names.map { "labels/\($0).png" }).sorted())

      // The next run makes the rest.
      try segmenting.addFile("b.png", photo)
      let next = try segmenting.run(
        ["a.png", "b.png", "c.png", "--skip-existing", "--report", report] + options)
      XCTAssertEqual(next.status, 0, next.errors)
      let statuses = try ReportTests.lines(
        String(decoding: try segmenting.folder.bytes(report), as: UTF8.self)
      ).map { $0["status"] as? String }
      XCTAssertEqual(statuses, ["a.png", "b.png", "c.png"].map { done.contains($0) ? "skipped" : "done" })
      try FileManager.default.removeItem(at: segmenting.folder["b.png"])
    }
  }

  func testFullDisk() throws {
    let segmenting = try Segmenting()
    try segmenting.addFile("a.png", ToyFiles.png(width: 8, height: 8))
    try segmenting.addFile("b.png", ToyFiles.png(width: 80, height: 80))
    try segmenting.addFile("c.png", ToyFiles.png(width: 9, height: 9))
    // A limit on a file's size stands for a full disk: the second image's scores need more than 16 × 512 bytes.
    for jobs in ["1", "3"] {
      let outcome = try Program.run(
        ["segment", "a.png", "b.png", "c.png", "--no-overlay", "--scores", "out\(jobs)", "--jobs", jobs]
          + Segmenting.common, in: segmenting.folder.url, shell: #"ulimit -f 16; exec "$0" "$@""#)
      XCTAssertEqual(outcome.status, 74, outcome.errors)
      XCTAssert(outcome.errorLines.last?.contains("out\(jobs)/b.npy") == true, outcome.errors)
      let files = try segmenting.outputs("out\(jobs)")
      XCTAssertFalse(files.contains("b.npy"))
      XCTAssert(Set(files).isSubset(of: ["a.npy", "c.npy"]), "\(files)")
      if jobs == "1" { XCTAssertEqual(files, ["a.npy"]) }
    }
    #if os(Linux)
      let full = try Program.run(
        ["segment", "a.png", "c.png", "--no-overlay"] + Segmenting.common, in: segmenting.folder.url,
        output: URL(fileURLWithPath: "/dev/full"))
      XCTAssertEqual(full.status, 74)
      XCTAssert(full.errors.contains("standard output"), full.errors)
    #endif
  }

  /// Nobody reads what is printed: files are made all the same, and none is taken for standard output.
  func testClosedStandardOutput() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/b.png", "in/c.png")
    for (name, script) in [("closed", #"exec "$0" "$@" >&-"#), ("gone", #""$0" "$@" | true"#)] {
      let outcome = try Program.run(
        ["segment", "in", "--output", name, "--labels", name, "--report", "\(name).jsonl"]
          + Segmenting.common,
        in: segmenting.folder.url, shell: script)
      XCTAssertEqual(outcome.status, 0, "\(name): \(outcome.errors)")
      if name == "gone" {
        // The pipe's end does not wait for the program.
        for _ in 0..<600 where try !segmenting.isReported("gone.jsonl", lines: 3) { usleep(100_000) }
      }
      let report = String(decoding: try segmenting.folder.bytes("\(name).jsonl"), as: UTF8.self)
      XCTAssertEqual(
        try ReportTests.lines(report).map { $0["status"] as? String }, ["done", "done", "done"], name)
      XCTAssertEqual(try segmenting.outputs(name).count, 6)
    }
    XCTAssertEqual(try segmenting.folder.bytes("closed/a.png").prefix(4), [0x89, 0x50, 0x4E, 0x47])
  }

  /// What a killed run has left is removed by the next that writes there, what one that runs has not.
  func testTemporaryFilesOfKilledRuns() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/sub/b.png")
    let left = ["out/.san-12-34-0.tmp", "out/sub/.san-2147483647-1-3.tmp", "in/sub/.san-1-2-3.tmp"]
    let kept = ["out/.san-12-x-0.tmp", "out/.san-12-34.tmp", "out/.san-1-2-3.tmp~", "out/san-1-2-3.tmp"]
    for file in left + kept + ["out/.san-5-6-7.tmp"] { try segmenting.addFile(file, Array("part".utf8)) }
    let running = open(segmenting.folder["out/.san-5-6-7.tmp"].path, O_RDWR)
    XCTAssertEqual(flock(running, LOCK_EX), 0)
    XCTAssertEqual(try segmenting.run(["in", "--output", "out"]).status, 0)
    for file in left {
      // Only where something is written.
      let isGone = !FileManager.default.fileExists(atPath: segmenting.folder[file].path)
      XCTAssert(isGone || file.hasPrefix("in/sub/"), file)
    }
    for file in kept + ["out/.san-5-6-7.tmp"] {
      XCTAssert(FileManager.default.fileExists(atPath: segmenting.folder[file].path), file)
    }
    close(running)
    XCTAssertEqual(try segmenting.run(["in", "--output", "out", "--size", "64"]).status, 0)
    XCTAssertFalse(FileManager.default.fileExists(atPath: segmenting.folder["out/.san-5-6-7.tmp"].path))
    XCTAssertEqual(
      try segmenting.files("out").filter { $0.hasSuffix(".tmp") }.sorted(),
      [".san-12-34.tmp", ".san-12-x-0.tmp", "san-1-2-3.tmp"])
  }

  /// Two runs do not write one report, and the second does not harm the first's.
  func testAReportThatIsBeingWritten() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/b.png")
    try segmenting.addFile("r.jsonl", Array("{\"image\": \"first\"}\n".utf8))
    let file = open(segmenting.folder["r.jsonl"].path, O_RDWR)
    XCTAssertEqual(flock(file, LOCK_EX), 0)
    let second = try segmenting.run(["in", "--no-overlay", "--report", "r.jsonl"])
    XCTAssertEqual(second.status, 73, second.errors)
    XCTAssert(second.errors.contains("r.jsonl: another run writes it"), second.errors)
    XCTAssertEqual(try segmenting.folder.bytes("r.jsonl"), Array("{\"image\": \"first\"}\n".utf8))
    close(file)
    XCTAssertEqual(try segmenting.run(["in", "--no-overlay", "--report", "r.jsonl"]).status, 0)
    let report = String(decoding: try segmenting.folder.bytes("r.jsonl"), as: UTF8.self)
    XCTAssertEqual(try ReportTests.lines(report).map { $0["image"] as? String }, ["in/a.png", "in/b.png"])
  }

  /// Ctrl-\ ends the program at once, by that signal.
  func testQuit() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.png")
    let pipe = segmenting.folder["b.png"].path
    XCTAssertEqual(mkfifo(pipe, 0o600), 0)
    let running = try Program.start(
      ["segment", "a.png", "b.png", "--jobs", "1"] + Segmenting.common, in: segmenting.folder.url,
      shell: #"ulimit -c 0; exec "$0" "$@""#)
    let writer = open(pipe, O_WRONLY)
    XCTAssertEqual(kill(running.process.processIdentifier, SIGQUIT), 0)
    let outcome = try running.wait()
    close(writer)
    XCTAssertEqual(outcome.status, -SIGQUIT, outcome.errors)
    XCTAssertFalse(outcome.errors.contains("Backtrac"), outcome.errors)
  }

  #if os(Linux)
    /// With any limit on addresses a run ends as it should or in a line, never in a crash's report.
    func testLittleAddressSpace() throws {
      let segmenting = try Segmenting()
      try segmenting.addPictures("in/a.png", "in/b.png")
      var failed = 0
      for kilobytes in [90_000, 110_000, 130_000, 150_000, 200_000] {
        let outcome = try Program.run(
          ["segment", "in", "--output", "out\(kilobytes)"] + Segmenting.common, in: segmenting.folder.url,
          shell: "ulimit -v \(kilobytes); exec timeout -s KILL 60 \"$0\" \"$@\"")
        // The system's own loader of libraries has a status of its own.
        XCTAssert(
          [0, 65, 74, 127].contains(outcome.status), "\(kilobytes): \(outcome.status), \(outcome.errors)")
        XCTAssertFalse(outcome.errors.contains("Backtrac"), outcome.errors)
        if outcome.status != 0 { failed += 1 }
      }
      XCTAssertGreaterThan(failed, 0)
    }
  #endif

  /// An output that cannot be made or replaced is its photo's failure.
  func testOnePlaceThatIsRefused() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/b.png", "in/x/c.png", "in/z.png")
    // A link that leads to itself, and a file where a folder is needed.
    try segmenting.addFile("labels/x", Array("no folder".utf8))
    try FileManager.default.createSymbolicLink(
      atPath: segmenting.folder["labels/b.png"].path, withDestinationPath: "b.png")
    for jobs in ["1", "3"] {
      let outcome = try segmenting.run(["in", "--no-overlay", "--labels", "labels", "--jobs", jobs])
      XCTAssertEqual(outcome.status, 65, outcome.errors)
      XCTAssertEqual(outcome.images, ["in/a.png", "in/z.png"])
      XCTAssert(
        outcome.errors.contains("labels/b.png: cannot be written: it is a symbolic link"), outcome.errors)
      XCTAssert(outcome.errors.contains("labels/x: cannot be made: a file is in its place"), outcome.errors)
    }
  }

  func testNamesAtTheirLimit() throws {
    let segmenting = try Segmenting()
    let long = String(repeating: "x", count: 250)
    try segmenting.addPictures("in/\(long).png", "in/a.png")
    let outcome = try segmenting.run(["in", "--jobs", "1"])
    XCTAssertEqual(outcome.status, 65)
    XCTAssertEqual(outcome.images, ["in/a.png"])
    XCTAssert(outcome.errors.contains("its name is too long"), outcome.errors)
    // The image's own name is the longest there is, and so is that of its labels.
    let labels = try segmenting.run(["in", "--no-overlay", "--labels", "labels"])
    XCTAssertEqual(labels.status, 0, labels.errors)
    XCTAssertEqual(labels.images.count, 2)
  }
}

extension Segmenting {
  /// Whether the report at `name` has so many lines.
  fileprivate func isReported(_ name: String, lines: Int) throws -> Bool {
    guard FileManager.default.fileExists(atPath: folder[name].path) else { return false }
    return try folder.bytes(name).count { $0 == UInt8(ascii: "\n") } == lines
  }
}
