import SANCore
import SANInference

/// A clip that ffmpeg encodes picture by picture, with another clip's sound; it appears whole or not at all.
final class VideoWriter {
  /// Endings of names, and what ffmpeg calls the formats.
  static let formats = [("mp4", "mp4"), ("m4v", "mp4"), ("mov", "mov"), ("mkv", "matroska")]

  private let path: String
  private let file: AtomicFile
  private let process: ChildProcess
  private let size: (width: Int, height: Int)

  /// Sound that is copied into MP4 as it is; Matroska takes every kind, and other sound becomes AAC.
  private static let plainAudio = ["aac", "mp3", "ac3", "eac3", "alac", "opus"]

  /// Whether the sound of such a clip is encoded anew in a file at `path`.
  static func encodesAudio(_ info: VideoInfo, path: String) -> Bool {
    !Path.has(path, extension: "mkv") && !info.audio.allSatisfy(plainAudio.contains)
  }

  /// Starts the clip at `path`.
  ///
  /// - Parameters:
  ///   - width: of the pictures.
  ///   - height: of the pictures.
  ///   - source: the clip whose sound it gets.
  init(_ path: String, width: Int, height: Int, source: String, info: VideoInfo, tools: FFmpeg) throws {
    self.path = path
    size = (width, height)
    file = try AtomicFile(path)
    guard let place = file.temporaryPath,
      let format = VideoWriter.formats.first(where: { Path.has(path, extension: $0.0) })?.1
    else {
      throw VideoError(path: path, problem: "is no place for a video; name a file", category: .cannotCreate)
    }
    // Players take pictures with even sides.
    let even = ((width + 1) / 2 * 2, (height + 1) / 2 * 2)
    let shape = info.pixelShape.map { ",setsar=\($0)" } ?? ""
    var arguments =
      [tools.ffmpeg, "-v", "error", "-y"] + [
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "\(even.0)x\(even.1)", "-framerate",
        info.rate.text, "-i", "pipe:0",
      ]
    if !info.audio.isEmpty { arguments += FFmpeg.input(source) }
    arguments += ["-map", "0:v:0"] + (info.audio.isEmpty ? [] : ["-map", "1:a"])
    arguments += [
      "-c:a", VideoWriter.encodesAudio(info, path: path) ? "aac" : "copy", "-map_metadata", "-1",
      "-map_chapters", "-1", "-crf", "18",
      "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p\(shape)",
      "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-f", format,
      "file:\(place)",
    ]
    do { process = try ChildProcess(arguments, isFed: true, isRead: false, keepsErrors: true) } catch {
      throw VideoError(
        path: tools.ffmpeg, problem: "cannot be started: \(error.text)", category: .inputOutput)
    }
  }

  deinit { process.stop() }

  /// Adds a picture of the size that all have.
  func add(_ image: RGBImage) throws {
    precondition(image.width == size.width && image.height == size.height, "pictures of one size")
    try Interruption.check()
    do {
      try process.input?.write(VideoWriter.even(image))
    } catch {
      try Interruption.check()
      throw failure(try process.wait())
    }
  }

  /// Ends the clip and has it appear.
  func finish() throws {
    try? process.input?.close()
    let status = try process.wait()
    // Ctrl-C ends ffmpeg, too.
    try Interruption.check()
    guard status == 0, process.lastError == nil else { throw failure(status) }
    try file.commit()
  }

  private func failure(_ status: Int32) -> VideoError {
    let reason = process.lastError ?? "it ended with status \(status)"
    return VideoError(path: path, problem: "ffmpeg cannot write it: \(reason)", category: .inputOutput)
  }

  /// The picture's pixels with its last column and row twice where their number is odd.
  private static func even(_ image: RGBImage) -> [UInt8] {
    let (width, height, stride) = (image.width, image.height, image.width * 3)
    guard width % 2 == 1 || height % 2 == 1 else { return image.pixels }
    var pixels: [UInt8] = []
    pixels.reserveCapacity((width + 1) * (height + 1) * 3)
    for row in Array(0..<height) + (height % 2 == 1 ? [height - 1] : []) {
      pixels += image.pixels[row * stride..<(row + 1) * stride]
      if width % 2 == 1 { pixels += image.pixels[(row + 1) * stride - 3..<(row + 1) * stride] }
    }
    return pixels
  }
}
