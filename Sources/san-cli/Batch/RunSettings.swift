import SANCore
import SANInference

/// All that decides what an image's outputs hold, beside the image: runs with the same settings make the same files.
struct RunSettings: Sendable {
  /// A SHA-256 digest of the settings, as text.
  let digest: String
  /// The settings for people to read, on a line of JSON.
  let line: String
  let classCount: Int

  init(_ setup: RunSetup, _ job: SegmentationJob) throws {
    let command = setup.command
    classCount = setup.classes.count
    let settings = JSONText.object([
      ("version", .string(SanCLI.configuration.version)),
      ("model", .string(try FileFingerprint.digest(of: job.segmenter.path))),
      ("configuration", .verbatim(job.segmenter.model.configuration.json)),
      (
        "classes",
        .array(
          setup.classes.map {
            .object([("title", .string($0.title)), ("synonyms", .array($0.synonyms.map { .string($0) }))])
          })
      ),
      ("synonyms", .string(command.vocabulary.synonyms.rawValue)),
      ("distractors", .array(job.vocabulary.distractors.map { .string($0) })),
      ("templates", .array(setup.templates.templates.map { .string($0) })),
      ("threshold", job.threshold.map { .real(Double($0)) } ?? .null),
      ("size", .integer(job.shortSide ?? job.segmenter.defaultShortSide)),
      ("resample", .string(job.resampling.rawValue)),
      ("scales", .array(job.views.scales.map { .real($0) })),
      ("flip", .integer(job.views.flip ? 1 : 0)),
      ("window", job.views.window.map { .array([.integer($0.side), .real($0.overlap)]) } ?? .null),
      ("outputs", .array(command.output.folders.map { .string($0.option) })),
      ("look", .string("\(command.output.look.options)")),
      ("cutout", .array(command.output.cutoutNames.map { .string($0) })),
      ("coco", command.output.coco == nil ? .null : .string(command.output.cocoMasks.rawValue)),
    ])
    digest = SHA256.digest(Array(settings.line.utf8)).hexadecimal
    line = JSONText.object([("run", .string(digest)), ("settings", settings)]).line
  }
}

/// Tells files apart without reading large ones whole.
enum FileFingerprint {
  private static let sampleCount = 256
  private static let sampleLength = 4096

  /// A digest of the file's size and of samples at even distances from its start to its end, of all of it where that is
  /// no more. Training changes whole tensors, so no sample of a model's weights stays the same.
  static func digest(of path: String) throws -> String {
    let file = try MappedFile(path: path)
    return withExtendedLifetime(file) {
      let bytes = file.bytes
      var hash = SHA256()
      hash.update(Array("\(bytes.count)\n".utf8))
      if bytes.count <= sampleCount * sampleLength {
        hash.update(bytes)
      } else {
        let last = bytes.count - sampleLength
        for sample in 0..<sampleCount {
          let start =
            last / (sampleCount - 1) * sample + last % (sampleCount - 1) * sample / (sampleCount - 1)
          hash.update(UnsafeRawBufferPointer(rebasing: bytes[start..<start + sampleLength]))
        }
      }
      return hash.finish().hexadecimal
    }
  }
}

extension [UInt8] {
  /// Two digits a byte.
  var hexadecimal: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
