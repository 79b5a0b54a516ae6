import Foundation
import SANCore
import SANExport
import SANInference
import XCTest

/// `segment` with a video: what comes out.
final class VideoTests: XCTestCase {
  private func name(_ number: Int) -> String { String(format: "clip-%06d.png", number) }

  private func labels(_ clips: Clips, _ path: String) throws -> LabelImage {
    try LabelImage(contentsOf: clips.segmenting.folder[path].path)
  }

  /// Frames, rate, size and sound are the clip's; each frame's labels are those of the same frame as a photo.
  func testClip() throws {
    let clips = try Clips()
    let (segmenting, folder) = (clips.segmenting, clips.segmenting.folder)
    try clips.make("clip.mp4", tone: true)
    // Half of the first frame's pixels have a lower score: these are "other", and every frame has its own.
    try clips.unpack("clip.mp4", to: "stills")
    XCTAssertEqual(
      try segmenting.run(["stills/000000.png", "--no-overlay", "--scores", "scores.npy"]).status, 0)
    let scores = try XCTUnwrap(FloatArray(npy: try folder.bytes("scores.npy"))).values
    let best = (0..<46 * 34).map { max(scores[$0], scores[$0 + 46 * 34]) }.sorted()
    let common = ["--threshold", "\(best[best.count / 2])"]
    let outcome = try segmenting.run(
      ["clip.mp4", "--no-legend", "--labels", "maps", "--coco", "found.json"] + common)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.errors.contains("wrote clip.segmented.mp4"), outcome.errors)
    XCTAssert(outcome.errors.contains("wrote 12 label maps in maps"), outcome.errors)
    let (before, after) = (try clips.facts("clip.mp4"), try clips.facts("clip.segmented.mp4"))
    XCTAssertEqual(before.frames, 12)
    XCTAssertEqual(before.audio, ["aac"])
    XCTAssertEqual(after.size, [46, 34])
    XCTAssertEqual([after.rate, before.rate], ["30000/1001", "30000/1001"])
    XCTAssertEqual(after.frames, 12)
    XCTAssertEqual(after.duration, before.duration, accuracy: 0.04)
    // The sound is the same, byte for byte.
    let sound = try ["clip.mp4", "clip.segmented.mp4"].map {
      try clips.ffmpeg("-i", $0, "-map", "0:a", "-c", "copy", "-f", "md5", "-")
    }
    XCTAssertEqual(sound[0], sound[1])

    let photos = try segmenting.run(["stills", "--no-overlay", "--labels", "still-maps"] + common)
    XCTAssertEqual(photos.status, 0, photos.errors)
    XCTAssertEqual(try segmenting.outputs("maps"), (0..<12).map(name))
    var seen: Set<[UInt16]> = []
    for number in 0..<12 {
      let map = try labels(clips, "maps/\(name(number))").labels
      // "Other" is 255 in a photo's map of 8 bits.
      let still = try labels(clips, String(format: "still-maps/%06d.png", number)).labels
      XCTAssertEqual(map, still.map { $0 == 255 ? 65_535 : $0 }, "\(number)")
      XCTAssert(map.contains(65_535), "\(number)")
      seen.insert(map)
      // PNG's depth and colour type.
      XCTAssertEqual(Array(try folder.bytes("maps/\(name(number))")[24...25]), [16, 0])
    }
    XCTAssertGreaterThan(seen.count, 1, "the frames are all alike")
    // What is printed of frames is what is printed of photos.
    XCTAssertEqual(
      outcome.rows.map { [String(format: "stills/%06d.png", Int($0[0]) ?? -1)] + $0.dropFirst() },
      photos.rows.map { $0.map { $0 == "255" ? "65535" : $0 } })

    let data = try XCTUnwrap(
      JSONSerialization.jsonObject(with: Data(try folder.bytes("found.json"))) as? [String: Any])
    let images = try XCTUnwrap(data["images"] as? [[String: Any]])
    XCTAssertEqual(images.map { $0["frame_number"] as? Int }, Array(0..<12))
    XCTAssertEqual(images.map { $0["id"] as? Int }, Array(1...12))
    XCTAssertEqual(images.map { $0["file_name"] as? String }, (0..<12).map(name))
    let annotations = try XCTUnwrap(data["annotations"] as? [[String: Any]])
    XCTAssertEqual(
      annotations.map { ["\(($0["image_id"] as? Int ?? 0) - 1)", "\($0["area"] as? Int ?? 0)"] },
      outcome.rows.filter { $0[1] != "other" }.map { [$0[0], $0[3]] })
  }

  /// No frame's overlay has a legend of another size: all list all classes.
  func testLegend() throws {
    let clips = try Clips()
    try clips.make("clip.mp4", size: "200x120", frames: 3)
    let outcome = try clips.segmenting.run(["clip.mp4"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let photo = try RGBImage(width: 200, height: 120, pixels: Array(repeating: 0, count: 200 * 120 * 3))
    let labels = LabelMap(size: Grid(height: 120, width: 200), labels: Array(repeating: 0, count: 200 * 120))
    func size(_ legend: Overlay.Options.Legend) throws -> [Int] {
      let picture = try Overlay.render(
        photo, labels: labels, classes: ["cat", "dog"], options: Overlay.Options(legend: legend))
      return [picture.width, picture.height].map { ($0 + 1) / 2 * 2 }
    }
    XCTAssertEqual(try clips.facts("clip.segmented.mp4").size, try size(.allClasses(other: false)))
    XCTAssertGreaterThan(try size(.allClasses(other: false))[1], 120)
  }

  /// Between the frames that are segmented the last labels stay.
  func testEvery() throws {
    let clips = try Clips()
    try clips.make("clip.mp4", size: "64x48", rate: "25")
    let outcome = try clips.segmenting.run([
      "clip.mp4", "--every", "5", "--labels", "maps", "--coco", "c.json", "--opacity", "1", "--no-legend",
      "--no-contours",
    ])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(try clips.segmenting.outputs("maps"), [0, 5, 10].map(name))
    XCTAssertEqual(outcome.images, ["0", "5", "10"])
    XCTAssertEqual(try clips.facts("clip.segmented.mp4").frames, 12)
    // All that is seen is the labels: pictures change where these do.
    try clips.unpack("clip.segmented.mp4", to: "after")
    let pictures = try (0..<12).map {
      try RGBImage(contentsOf: clips.segmenting.folder[String(format: "after/%06d.png", $0)].path).pixels
    }
    func difference(_ a: Int, _ b: Int) -> Double {
      zip(pictures[a], pictures[b]).reduce(0.0) { $0 + Double(abs(Int($1.0) - Int($1.1))) }
        / Double(pictures[a].count)
    }
    let maps = try [0, 5, 10].map { try labels(clips, "maps/\(name($0))").labels }
    for (index, start) in [0, 5, 10].enumerated() {
      for frame in start..<min(start + 5, 12) { XCTAssertLessThan(difference(start, frame), 3, "\(frame)") }
      if index > 0, maps[index] != maps[index - 1] {
        let changed = zip(maps[index], maps[index - 1]).filter { $0 != $1 }.count
        // Red and blue differ by some 100 a channel.
        if changed > 600 { XCTAssertGreaterThan(difference(start, start - 1), 6) }
      }
    }
  }

  func testOddSizesAndOtherContainers() throws {
    let clips = try Clips()
    let folder = clips.segmenting.folder
    try clips.make(
      "clip.mkv", source: "testsrc", size: "47x35", rate: "12", frames: 5, tone: true, video: "-c:v", "ffv1",
      audio: "pcm_s16le")
    let outcome = try clips.segmenting.run(["clip.mkv", "--no-legend", "--labels", "maps"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.errors.contains("its sound becomes AAC"), outcome.errors)
    let facts = try clips.facts("clip.segmented.mp4")
    XCTAssertEqual(facts.size, [48, 36])
    XCTAssertEqual(facts.frames, 5)
    XCTAssertEqual(facts.rate, "12/1")
    XCTAssertEqual(facts.audio, ["aac"])
    let map = try labels(clips, "maps/\(name(0))")
    XCTAssertEqual([map.width, map.height], [47, 35])
    // Matroska takes any sound, and a folder gets a file of the clip's name.
    let kept = try clips.segmenting.run(["clip.mkv", "--output", "kept.mkv"])
    XCTAssertEqual(kept.status, 0, kept.errors)
    XCTAssertEqual(try clips.facts("kept.mkv").audio, ["pcm_s16le"])
    try FileManager.default.createDirectory(at: folder["out"], withIntermediateDirectories: true)
    XCTAssertEqual(try clips.segmenting.run(["clip.mkv", "--output", "out"]).status, 0)
    XCTAssertEqual(try clips.segmenting.outputs("out"), ["clip.segmented.mp4"])
    // A clip is known by its bytes, whatever its name.
    try folder.write(try folder.bytes("clip.mkv"), to: "nameless")
    let nameless = try clips.segmenting.run(["nameless", "--no-overlay", "--labels", "others", "--truncated"])
    XCTAssertEqual(nameless.status, 0, nameless.errors)
    XCTAssertEqual(try clips.segmenting.outputs("others").count, 5)
  }

  func testTurnedClips() throws {
    let clips = try Clips()
    try clips.make("straight.mp4", size: "64x32", frames: 3)
    // Older and newer ffmpeg are told of it in different ways.
    if !clips.takes("-display_rotation", "90", "-i", "straight.mp4", "-c", "copy", "clip.mp4") {
      try clips.ffmpeg("-i", "straight.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=90", "clip.mp4")
    }
    guard try clips.facts("clip.mp4").isTurned else { throw XCTSkip("this ffmpeg turns no clips") }
    let outcome = try clips.segmenting.run(["clip.mp4", "--no-legend", "--labels", "maps"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let facts = try clips.facts("clip.segmented.mp4")
    XCTAssertEqual(facts.size, [32, 64])
    XCTAssertFalse(facts.isTurned)
    try clips.unpack("clip.mp4", to: "stills")
    XCTAssertEqual(
      try clips.segmenting.run(["stills", "--no-overlay", "--labels", "still-maps"]).status, 0)
    for number in 0..<3 {
      XCTAssertEqual(
        try labels(clips, "maps/\(name(number))"),
        try labels(clips, String(format: "still-maps/%06d.png", number)))
    }
  }

  /// Ten frames in a second, then ten in a fifth of one: the new clip is as long.
  func testUnevenFrames() throws {
    let clips = try Clips()
    try clips.make("slow.mp4", rate: "10", frames: 10)
    try clips.make("fast.mp4", rate: "50", frames: 10)
    try clips.segmenting.folder.write(Array("file slow.mp4\nfile fast.mp4\n".utf8), to: "list")
    try clips.ffmpeg("-f", "concat", "-i", "list", "-c", "copy", "clip.mp4")
    let before = try clips.facts("clip.mp4")
    XCTAssertEqual(before.frames, 20)
    let outcome = try clips.segmenting.run(["clip.mp4"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.errors.contains("its frames come at uneven times"), outcome.errors)
    let after = try clips.facts("clip.segmented.mp4")
    XCTAssertEqual(after.duration, before.duration, accuracy: 0.15)
    XCTAssert((15...25).contains(after.frames), "\(after)")
  }
}
