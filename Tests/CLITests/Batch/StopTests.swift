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
