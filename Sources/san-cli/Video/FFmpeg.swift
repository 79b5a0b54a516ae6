import SANCore
import SANInference

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The programs that read and write videos.
struct FFmpeg: Sendable {
  /// Their paths.
  let ffmpeg, ffprobe: String

  /// Nil where `PATH` leads to none, or not to both.
  static let installed: FFmpeg? = {
    guard let ffmpeg = path(of: "ffmpeg"), let ffprobe = path(of: "ffprobe") else { return nil }
    return FFmpeg(ffmpeg: ffmpeg, ffprobe: ffprobe)
  }()

  /// How to install them, in a line.
  static let advice = "install ffmpeg (apt install ffmpeg, or brew install ffmpeg)"

  private static func path(of program: String) -> String? {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.map { Path.join(String($0), program) }.first {
      FileStatus($0)?.isRegular == true && access($0, X_OK) == 0
    }
  }

  /// What has both programs read the file at `path`, whatever its name is, and nothing that it may refer to elsewhere.
  static func input(_ path: String) -> [String] { ["-protocol_whitelist", "file", "-i", "file:\(path)"] }
}

/// Pictures a second, as a fraction.
struct FrameRate: Equatable, Sendable {
  let numerator, denominator: Int

  /// Nil where the text is no fraction above 0 and up to 1000.
  init?(_ text: String) {
    let parts = text.split(separator: "/").map { Int($0) }
    guard parts.count == 2, let numerator = parts[0], let denominator = parts[1], numerator > 0,
      denominator > 0, numerator <= Int(Int32.max), denominator <= Int(Int32.max),
      numerator / 1000 <= denominator
    else { return nil }
    (self.numerator, self.denominator) = (numerator, denominator)
  }

  var value: Double { Double(numerator) / Double(denominator) }

  /// As ffmpeg reads it.
  var text: String { "\(numerator)/\(denominator)" }
}

/// What a clip holds, as ffprobe tells.
struct VideoInfo: Sendable {
  /// That of the frames that are read and written.
  let rate: FrameRate
  /// Whether the clip's own frames come at other times.
  let isVariable: Bool
  /// About how many frames there are; nil where that is not known.
  let frameCount: Int?
  /// The formats of its sound; empty where it has none.
  let audio: [String]
  /// How wide a pixel of the upright picture is for its height, such as `16:15`; nil where it is square.
  let pixelShape: String?

  init(of path: String, _ tools: FFmpeg) throws {
    let json = try VideoInfo.probe(path, tools)
    guard case .array(let streams)? = json["streams"] else {
      throw VideoError(path: path, problem: "ffprobe tells nothing of it", category: .damaged)
    }
    let video = streams.first {
      $0["codec_type"] == .string("video") && $0["disposition"]?["attached_pic"] != .integer(1)
    }
    guard let video else {
      throw VideoError(path: path, problem: "has no moving picture", category: .damaged)
    }
    // The rate that all times fit, which is far too high where they are uneven, and the mean.
    let (fine, mean) = (
      video.text("r_frame_rate").flatMap(FrameRate.init), video.text("avg_frame_rate").flatMap(FrameRate.init)
    )
    guard let found = fine ?? mean else {
      throw VideoError(path: path, problem: "does not tell its frame rate", category: .damaged)
    }
    let ratio = found.value / (mean ?? found).value
    let isFine = ratio < 1.02
    let chosen = isFine ? found : mean ?? found
    // Two fields of a frame are told as twice the rate.
    let isVariable = !isFine && abs(ratio - 2) > 0.04
    (rate, self.isVariable) = (chosen, isVariable)
    let seconds = (video.text("duration") ?? json["format"]?.text("duration")).flatMap { Double($0) }
    let counted = isVariable ? nil : video.text("nb_frames").flatMap { Int($0) }
    let estimated = seconds.map { $0 * chosen.value }.flatMap {
      (1...1e9).contains($0) ? Int($0.rounded()) : nil
    }
    frameCount = counted ?? estimated
    audio = streams.filter { $0["codec_type"] == .string("audio") }.map { $0.text("codec_name") ?? "unknown" }
    pixelShape = VideoInfo.pixelShape(video)
  }

  private static func pixelShape(_ video: JSONValue) -> String? {
    let parts = video.text("sample_aspect_ratio")?.split(separator: ":").compactMap { Int($0) } ?? []
    guard parts.count == 2, parts.allSatisfy({ (1...65_535).contains($0) }), parts[0] != parts[1] else {
      return nil
    }
    var angle = 0
    if case .array(let data)? = video["side_data_list"] {
      for case .integer(let rotation)? in data.map({ $0["rotation"] }) { angle = rotation }
    }
    return angle % 180 == 0 ? "\(parts[0])/\(parts[1])" : "\(parts[1])/\(parts[0])"
  }

  private static func probe(_ path: String, _ tools: FFmpeg) throws -> JSONValue {
    let arguments =
      [tools.ffprobe, "-v", "error", "-show_streams", "-show_format", "-of", "json"] + FFmpeg.input(path)
    let process: ChildProcess
    do { process = try ChildProcess(arguments, keepsErrors: true) } catch {
      throw VideoError(
        path: tools.ffprobe, problem: "cannot be started: \(error.text)", category: .inputOutput)
    }
    defer { process.stop() }
    var bytes: [UInt8] = []
    while let part = try? process.output?.read(upTo: 1 << 16), !part.isEmpty, bytes.count < 16 << 20 {
      try Interruption.check()
      bytes += part
    }
    let status = try process.wait()
    guard status == 0, let json = try? bytes.withUnsafeBytes({ try JSONValue(parsing: $0) }) else {
      let reason = process.lastError.map { ": \($0)" } ?? ""
      throw VideoError(path: path, problem: "cannot be read as a video\(reason)", category: .damaged)
    }
    return json
  }
}

extension JSONValue {
  fileprivate func text(_ name: String) -> String? {
    if case .string(let text)? = self[name] { text } else { nil }
  }
}
