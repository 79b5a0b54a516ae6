import Foundation
import XCTest

/// Videos that cannot be segmented, and runs that are stopped.
final class VideoErrorTests: XCTestCase {
  private func assertFails(
    _ clips: Clips, _ arguments: [String], status: Int32, naming words: String...,
    environment: [String: String] = [:],
    line: UInt = #line
  ) throws {
    let before = try clips.segmenting.folder.contents()
    let outcome = try Program.run(
      ["segment"] + arguments + Segmenting.common, in: clips.segmenting.folder.url, environment: environment)
    XCTAssertEqual(outcome.status, status, outcome.errors, line: line)
    for word in words { XCTAssert(outcome.errors.contains(word), "\(word): \(outcome.errors)", line: line) }
    XCTAssertEqual(try clips.segmenting.folder.contents(), before, "something is left", line: line)
  }

  func testClipsThatAreNone() throws {
    let clips = try Clips()
    let folder = clips.segmenting.folder
    try clips.segmenting.addFile("photo.mp4", ToyFiles.png(width: 20, height: 16))
    try assertFails(
      clips, ["photo.mp4"], status: 65, naming: "photo.mp4", "a picture with the name of a video", ".png")
    try folder.write(Array("no video".utf8), to: "text.mp4")
    try assertFails(clips, ["text.mp4"], status: 65, naming: "text.mp4: cannot be read as a video")
    try folder.write([], to: "empty.mp4")
    try assertFails(clips, ["empty.mp4"], status: 65, naming: "empty.mp4: cannot be read as a video")
    try clips.ffmpeg("-f", "lavfi", "-i", "sine=duration=0.2", "-c:a", "aac", "sound.mp4")
    try assertFails(clips, ["sound.mp4"], status: 65, naming: "sound.mp4: has no moving picture")
    // A header without frames.
    try clips.ffmpeg(
      "-f", "lavfi", "-i", "testsrc2=size=32x32", "-frames:v", "0", "-c:v", "ffv1", "none.mkv")
    try assertFails(clips, ["none.mkv"], status: 65, naming: "none.mkv")
    try assertFails(clips, ["none.mkv", "--truncated"], status: 65, naming: "none.mkv")
    try assertFails(clips, ["missing.mp4"], status: 66, naming: "missing.mp4")
  }

  /// A clip that is cut short is refused, or taken as far as it goes.
  func testDamagedClips() throws {
    let clips = try Clips()
    let folder = clips.segmenting.folder
    try clips.make("whole.mp4", frames: 30)
    let whole = try folder.bytes("whole.mp4")
    try folder.write(whole.prefix(whole.count / 2), to: "headless.mp4")
    try assertFails(clips, ["headless.mp4"], status: 65, naming: "headless.mp4: cannot be read as a video")
    try clips.make("clip.mkv", frames: 30, video: "-c:v", "mjpeg")
    let clip = try folder.bytes("clip.mkv")
    try folder.write(clip.prefix(clip.count * 6 / 10), to: "cut.mkv")
    try assertFails(clips, ["cut.mkv"], status: 65, naming: "cut.mkv: is damaged", "--truncated")
    let outcome = try clips.segmenting.run(["cut.mkv", "--truncated"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.errors.contains("cut.mkv: note: ffmpeg: "), outcome.errors)
    XCTAssert((10...25).contains(try clips.facts("cut.segmented.mp4").frames), outcome.errors)
  }

  func testWithoutFFmpeg() throws {
    let clips = try Clips()
    try clips.make("clip.mp4", frames: 2)
    try assertFails(
      clips, ["clip.mp4"], status: 66, naming: "clip.mp4: is a video", "apt install ffmpeg",
      environment: ["PATH": "/nowhere"])
    let doctor = try Program.run(
      ["doctor"], in: clips.segmenting.folder.url, environment: ["PATH": "/nowhere"])
    XCTAssert(doctor.output.contains("ffmpeg not found"), doctor.output)
  }

  /// Each option that a video has no use for is told by its name.
  func testOptionsOfPhotos() throws {
    let clips = try Clips()
    try clips.make("clip.mp4", frames: 2)
    for arguments in [
      ["--cutout", "cat"], ["--json", "a.json"], ["--mask-dir", "m"], ["--scores", "s.npy"], ["--yolo", "y"],
      ["--labelme", "l"], ["--report", "r"], ["--skip-existing"], ["--shard", "1/2"],
      ["--labels-as", "grey"],
      ["--picture-format", "jpeg"], ["--scores-format", "npz"],
    ] {
      try assertFails(clips, ["clip.mp4"] + arguments, status: 64, naming: arguments[0], "video")
    }
    try assertFails(clips, ["clip.mp4", "--no-overlay"], status: 64, naming: "--no-overlay", "--labels")
    try assertFails(clips, ["clip.mp4", "--output", "a.png"], status: 64, naming: "--output", ".mp4")
    try assertFails(clips, ["clip.mp4", "--output", "-"], status: 64, naming: "--output", "standard output")
    try assertFails(
      clips, ["clip.mp4", "--labels", "a.png"], status: 64, naming: "--labels", "name a folder")
    try assertFails(clips, ["clip.mp4", "--every", "0"], status: 64, naming: "--every")
    try clips.segmenting.addPictures("a.png")
    try assertFails(clips, ["a.png", "--every", "2"], status: 64, naming: "--every", "is for a video")
    try assertFails(clips, ["a.png", "clip.mp4"], status: 64, naming: "clip.mp4 is a video", "name it alone")
  }

  func testNothingIsReplaced() throws {
    let clips = try Clips()
    let folder = clips.segmenting.folder
    try clips.make("clip.mp4", frames: 2)
    try assertFails(clips, ["clip.mp4", "--output", "clip.mp4"], status: 64, naming: "is the input")
    try assertFails(
      clips, ["clip.mp4", "--output", "clip.mp4", "--overwrite"], status: 64, naming: "is the input")
    try folder.write(Array("mine".utf8), to: "clip.segmented.mp4")
    try assertFails(clips, ["clip.mp4"], status: 73, naming: "clip.segmented.mp4: exists", "--overwrite")
    try folder.write(Array("mine".utf8), to: "c.json")
    try assertFails(
      clips, ["clip.mp4", "--no-overlay", "--coco", "c.json"], status: 73, naming: "c.json: exists")
    try clips.segmenting.addFile("maps/clip-000009.png", Array("mine".utf8))
    try clips.segmenting.addFile("maps/clip-9.png", Array("mine".utf8))
    try assertFails(
      clips, ["clip.mp4", "--no-overlay", "--labels", "maps"], status: 73,
      naming: "maps/clip-000009.png: exists")
    let outcome = try clips.segmenting.run([
      "clip.mp4", "--overwrite", "--labels", "maps", "--coco", "c.json",
    ])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(try clips.facts("clip.segmented.mp4").frames, 2)
    XCTAssertEqual(try folder.bytes("maps/clip-9.png"), Array("mine".utf8))
  }

  /// Ctrl-C leaves no clip and no part of one; label maps that are there are whole.
  func testInterruption() throws {
    let clips = try Clips()
    let folder = clips.segmenting.folder
    try clips.make("clip.mp4", frames: 3000)
    let running = try Program.start(
      ["segment", "clip.mp4", "--labels", "maps", "--coco", "c.json"] + Segmenting.common, in: folder.url)
    let first = folder["maps/clip-000003.png"].path
    while !FileManager.default.fileExists(atPath: first), running.process.isRunning { usleep(10_000) }
    XCTAssertEqual(kill(running.process.processIdentifier, SIGINT), 0)
    let outcome = try running.wait()
    XCTAssertEqual(outcome.status, 130, outcome.errors)
    XCTAssertEqual(outcome.errorLines.last, "san-cli: stopped")
    XCTAssert(outcome.errors.contains("label maps are in maps"), outcome.errors)
    let left = try folder.contents().keys.filter { !$0.hasPrefix("maps") }
    XCTAssertEqual(left.sorted(), ["clip.mp4"])
    let maps = try clips.segmenting.outputs("maps")
    XCTAssertLessThan(maps.count, 3000)
    for name in maps {
      XCTAssertEqual(
        try folder.bytes("maps/\(name)").suffix(8).prefix(4), [0x49, 0x45, 0x4E, 0x44][...], name)
    }
  }
}
