import Foundation
import XCTest

/// Clips that ffmpeg makes, and what ffprobe says of clips: tests that need them are left out where they are not installed.
struct Clips {
  let segmenting: Segmenting

  /// A folder for clips.
  init() throws {
    guard Clips.run("ffmpeg", ["-version"]) != nil, Clips.run("ffprobe", ["-version"]) != nil else {
      throw XCTSkip("ffmpeg is not installed")
    }
    segmenting = try Segmenting()
  }

  private var folder: Scratch { segmenting.folder }

  /// What a program writes; nil where it is not there or fails.
  private static func run(_ program: String, _ arguments: [String], in folder: URL? = nil) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.currentDirectoryURL = folder
    let pipe = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
  }

  /// Runs ffmpeg in the folder.
  @discardableResult
  func ffmpeg(_ arguments: String..., line: UInt = #line) throws -> String {
    try XCTUnwrap(
      Clips.run("ffmpeg", ["-v", "error", "-nostdin", "-y"] + arguments, in: folder.url),
      "ffmpeg \(arguments)", line: line)
  }

  /// Whether ffmpeg takes these arguments.
  func takes(_ arguments: String...) -> Bool {
    Clips.run("ffmpeg", ["-v", "error", "-nostdin", "-y"] + arguments, in: folder.url) != nil
  }

  /// Makes the clip `name`: `frames` moving test pictures of `size` at `rate`, with a tone where that is wanted.
  func make(
    _ name: String, source: String = "testsrc2", size: String = "46x34", rate: String = "30000/1001",
    frames: Int = 12, tone: Bool = false,
    video: String..., audio: String = "aac"
  ) throws {
    let codec = video.isEmpty ? ["-c:v", "libx264", "-pix_fmt", "yuv420p"] : video
    let pictures = ["-f", "lavfi", "-i", "\(source)=size=\(size):rate=\(rate)"]
    let sound = tone ? ["-f", "lavfi", "-i", "sine=frequency=440:duration=0.4", "-c:a", audio] : []
    let arguments = ["-v", "error", "-nostdin", "-y"] + pictures + sound + codec
    XCTAssertNotNil(
      Clips.run("ffmpeg", arguments + ["-frames:v", "\(frames)", name], in: folder.url), "making \(name)")
  }

  /// What ffprobe says of a clip.
  struct Facts: Equatable {
    var size: [Int]
    var rate: String
    var frames: Int
    /// In seconds.
    var duration: Double
    var audio: [String]
    var isTurned: Bool
  }

  func facts(_ name: String, line: UInt = #line) throws -> Facts {
    let text = try XCTUnwrap(
      Clips.run(
        "ffprobe",
        ["-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", name], in: folder.url
      ),
      "ffprobe \(name)", line: line)
    let json = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let streams = try XCTUnwrap(json["streams"] as? [[String: Any]])
    let video = try XCTUnwrap(streams.first { $0["codec_type"] as? String == "video" }, name, line: line)
    let data = video["side_data_list"] as? [[String: Any]] ?? []
    let format = json["format"] as? [String: Any]
    return Facts(
      size: [video["width"] as? Int ?? 0, video["height"] as? Int ?? 0],
      rate: video["r_frame_rate"] as? String ?? "",
      frames: Int(video["nb_read_frames"] as? String ?? "") ?? 0,
      duration: Double(format?["duration"] as? String ?? "") ?? 0,
      audio: streams.filter { $0["codec_type"] as? String == "audio" }.map {
        $0["codec_name"] as? String ?? ""
      },
      isTurned: data.contains { ($0["rotation"] as? Int ?? 0) != 0 })
  }

  /// The clip's frames as PNG files of a new folder, from 000000.png on.
  func unpack(_ name: String, to stills: String) throws {
    try FileManager.default.createDirectory(at: folder[stills], withIntermediateDirectories: true)
    try ffmpeg("-i", name, "-start_number", "0", "-pix_fmt", "rgb24", "\(stills)/%06d.png")
  }
}
