import SANCore
import SANInference
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The frames of a clip, as ffmpeg decodes them: upright, at an even rate. Where a clip's own frames come at uneven times some
/// are there twice and others left out, so that the n-th is the one to be seen at its time.
final class VideoReader: Sendable {
  private struct State {
    /// What has come of the next frame.
    var pending: [UInt8] = []
    var size: (width: Int, height: Int)?
    var count = 0
  }

  private let path: String
  private let process: ChildProcess
  private let output: FileDescriptor
  /// Whether a clip that is damaged or cut short is taken as far as it goes.
  private let takesDamaged: Bool
  private let state = Mutex(State())

  init(_ path: String, info: VideoInfo, tools: FFmpeg, takesDamaged: Bool) throws {
    // Each picture as PPM: a line of its size before its pixels, so that nothing is to be known of the clip's turns.
    let arguments =
      [tools.ffmpeg, "-v", "error", "-nostdin"] + FFmpeg.input(path) + [
        "-map", "0:V:0", "-r", info.rate.text, "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24",
        "pipe:1",
      ]
    (self.path, self.takesDamaged) = (path, takesDamaged)
    do { process = try ChildProcess(arguments, keepsErrors: true) } catch {
      throw VideoError(
        path: tools.ffmpeg, problem: "cannot be started: \(error.text)", category: .inputOutput)
    }
    guard let output = process.output else { preconditionFailure("its output is wanted") }
    self.output = output
  }

  /// What was odd about the clip that was read all the same.
  var note: String? { process.lastError.map { "ffmpeg: \($0)" } }

  /// Ends ffmpeg, so that no frame comes any more.
  func stop() { process.stop() }

  /// The next frame; nil at the clip's end. One call at a time.
  ///
  /// - Throws: ``VideoError`` where the clip is damaged; `CancellationError` when a signal comes.
  func next() throws -> RGBImage? {
    try state.withLock { state in
      try checkSoundness()
      guard let head = try header(&state) else {
        try checkEnd(frames: state.count)
        return nil
      }
      guard let (width, height) = VideoReader.size(head) else {
        throw damage("ffmpeg gives no pictures")
      }
      guard ImageLimits.allow(width: width, height: height) else {
        throw damage("its pictures of \(width)×\(height) pixels are too large")
      }
      guard state.size ?? (width, height) == (width, height) else {
        throw damage("its pictures change their size")
      }
      state.size = (width, height)
      let count = width * height * 3
      try fill(&state.pending, upTo: count)
      guard state.pending.count >= count else {
        try checkEnd(frames: state.count)
        throw damage("it ends within a picture")
      }
      let pixels = Array(state.pending[..<count])
      state.pending.removeSubrange(..<count)
      state.count += 1
      return try RGBImage(width: width, height: height, pixels: pixels)
    }
  }

  /// The bytes before a picture's pixels, three lines; nil where there is no more.
  private func header(_ state: inout State) throws -> [UInt8]? {
    let longest = 64
    try fill(&state.pending, upTo: longest)
    if state.pending.isEmpty { return nil }
    var lines = 0
    for (index, byte) in state.pending.prefix(longest).enumerated() where byte == UInt8(ascii: "\n") {
      lines += 1
      guard lines == 3 else { continue }
      let header = Array(state.pending[...index])
      state.pending.removeSubrange(...index)
      return header
    }
    throw damage("ffmpeg gives no pictures")
  }

  private static func size(_ header: [UInt8]) -> (width: Int, height: Int)? {
    let words = String(decoding: header, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard words.count == 4, words[0] == "P6", words[3] == "255", let width = Int(words[1]),
      let height = Int(words[2])
    else { return nil }
    return (width, height)
  }

  /// Reads until there are `count` bytes, or no more come.
  private func fill(_ bytes: inout [UInt8], upTo count: Int) throws {
    bytes.reserveCapacity(count)
    while bytes.count < count {
      try Interruption.check()
      var request = pollfd(fd: output.number, events: Int16(POLLIN), revents: 0)
      guard poll(&request, 1, 200) > 0 else { continue }
      guard let part = try? output.read(upTo: 1 << 16), !part.isEmpty else { return }
      bytes += part
    }
  }

  /// Checks that ffmpeg has found nothing wrong so far.
  private func checkSoundness() throws {
    guard !takesDamaged, let error = process.lastError else { return }
    throw damage(error)
  }

  /// Checks that the clip has come to its end, and had frames.
  private func checkEnd(frames: Int) throws {
    let status = try process.wait()
    // Ctrl-C ends ffmpeg, too.
    try Interruption.check()
    try checkSoundness()
    if status != 0, !takesDamaged { throw damage("ffmpeg ended with status \(status)") }
    guard frames > 0 else { throw damage(process.lastError ?? "it has no frame") }
  }

  private func damage(_ reason: String) -> VideoError {
    let way = takesDamaged ? "" : "; --truncated takes what can be read"
    return VideoError(path: path, problem: "is damaged: \(reason)\(way)", category: .damaged)
  }
}
