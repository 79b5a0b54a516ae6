import SANCore
import SANInference
import Synchronization

/// Which images have been segmented into a folder, with what settings: how a run that was stopped goes on.
///
/// A hidden file in the first output folder, `.san-run.jsonl`, gets a line of JSON for each image as its files are in
/// place, with what a data set has of it where one is made; shards have files of their own, so that several machines can
/// write into one folder. A line counts for a run with the same settings as long as the image and its outputs are as they
/// were: of the same size, last written at the same time.
final class RunRecord: Sendable {
  /// A line of an earlier run, which stays in its file: with a data set's masks all of them take much memory.
  private struct Entry {
    let state: String
    let file: MappedFile
    let line: Range<Int>

    func summary(classCount: Int) -> ImageSummary? {
      withExtendedLifetime(file) {
        let value = try? JSONValue(parsing: UnsafeRawBufferPointer(rebasing: file.bytes[line]))
        return value?["result"].flatMap { ImageSummary(kept: $0, classCount: classCount) }
      }
    }
  }

  private let settings: RunSettings
  private let maskNames: [String]
  private let file: AppendedFile
  /// One line at a time.
  private let writer = Mutex(())
  /// What earlier runs with the same settings have done, by the images' names.
  private let known: [String: [Entry]]

  private static let prefix = ".san-run"
  private static let suffix = ".jsonl"

  /// Opens the record in `folder`, which is made if missing.
  ///
  /// - Parameters:
  ///   - names: the images whose earlier results are wanted; none to start anew.
  ///   - maskNames: the names of the files in a folder of masks.
  init(
    folder: String, settings: RunSettings, shard: Shard?, names: Set<String>, maskNames: [String]
  ) throws {
    try OutputFolder.make(folder)
    (self.settings, self.maskNames) = (settings, maskNames)
    known = names.isEmpty ? [:] : try RunRecord.entries(in: folder, run: settings.digest, names: names)
    file = try AppendedFile(
      Path.join(folder, RunRecord.prefix + (shard?.suffix ?? "") + RunRecord.suffix), replacing: false)
    try file.append(settings.line)
  }

  /// What an earlier run found in an image, if its outputs are what this run would make.
  func summary(of item: BatchPlan.Item) -> ImageSummary? {
    guard let entries = known[item.name], let state = state(of: item) else { return nil }
    return entries.reversed().lazy.filter { $0.state == state }
      .compactMap { $0.summary(classCount: self.settings.classCount) }.first
  }

  /// Notes that an image's outputs are in place.
  func add(_ item: BatchPlan.Item, _ summary: ImageSummary) throws {
    guard let state = state(of: item) else { return }
    let line = JSONText.object([
      ("name", .string(item.name)), ("run", .string(settings.digest)), ("state", .string(state)),
      ("result", .object(summary.kept)),
    ]).line
    try writer.withLock { _ in try file.append(line) }
  }

  /// A digest of how the image and its outputs lie on the disk; nil where one is missing.
  private func state(of item: BatchPlan.Item) -> String? {
    var text = ""
    func add(_ label: String, _ path: String) -> Bool {
      let status = FileStatus(path)
      text += status.map { "\(label) \($0.stamp)\n" } ?? "\(label) missing\n"
      return status != nil
    }
    guard add("image", item.path) else { return nil }
    for output in item.plan.files {
      guard add(output.option, output.path) else { return nil }
    }
    if let folder = item.plan.maskFolder {
      guard FileStatus(folder) != nil else { return nil }
      // Not every run has a mask of "other".
      for name in maskNames { _ = add("mask", Path.join(folder, name)) }
    }
    return Digest.of(text)
  }

  /// The entries of all records in `folder`. Lines that are damaged, as the last one of a killed run may be, do not count.
  private static func entries(
    in folder: String, run: String, names: Set<String>
  ) throws -> [String: [Entry]] {
    let files = try FolderEntry.all(in: folder).map(\.name).filter {
      $0.hasPrefix(prefix) && $0.hasSuffix(suffix)
    }
    var entries: [String: [Entry]] = [:]
    for name in files.sorted() {
      let file = try MappedFile(path: Path.join(folder, name))
      withExtendedLifetime(file) {
        for line in file.bytes.split(separator: UInt8(ascii: "\n")) {
          guard let value = try? JSONValue(parsing: UnsafeRawBufferPointer(rebasing: line)),
            case .string(run)? = value["run"], case .string(let name)? = value["name"], names.contains(name),
            case .string(let state)? = value["state"]
          else { continue }
          entries[name, default: []].append(
            Entry(state: state, file: file, line: line.startIndex..<line.endIndex))
        }
      }
    }
    return entries
  }
}

/// All that decides what an image's outputs hold, beside the image: runs with the same settings make the same files.
struct RunSettings: Sendable {
  /// A SHA-256 digest of the settings, as text.
  let digest: String
  /// The settings for people to read, on a line of JSON.
  let line: String
  let classCount: Int

  init(_ setup: RunSetup, _ job: SegmentationJob) throws {
    let options = setup.options
    classCount = setup.classes.count
    let settings = JSONText.object([
      ("version", .string(Program.version)),
      ("model", .string(try FileDigest.fingerprint(of: job.segmenter.path))),
      ("configuration", .verbatim(job.segmenter.model.configuration.json)),
      (
        "classes",
        .array(
          setup.classes.map {
            .object([("title", .string($0.title)), ("synonyms", .array($0.synonyms.map { .string($0) }))])
          })
      ),
      ("synonyms", .string(options.vocabulary.synonyms.rawValue)),
      ("distractors", .array(job.vocabulary.distractors.map { .string($0) })),
      ("templates", .array(setup.templates.templates.map { .string($0) })),
      ("threshold", job.threshold.map { .real(Double($0)) } ?? .null),
      ("size", .integer(job.shortSide ?? job.segmenter.defaultShortSide)),
      ("resample", .string(job.resampling.rawValue)),
      ("scales", .array(job.views.scales.map { .real($0) })),
      ("flip", .integer(job.views.flip ? 1 : 0)),
      ("window", job.views.window.map { .array([.integer($0.side), .real($0.overlap)]) } ?? .null),
      ("outputs", .array(options.output.folders.map { .string($0.option) })),
      ("look", .string("\(options.output.look.options)")),
      ("cutout", .array(options.output.cutoutNames.map { .string($0) })),
      ("coco", options.output.coco == nil ? .null : .string(options.output.cocoMasks.rawValue)),
    ])
    digest = Digest.of(settings.line)
    line = JSONText.object([("run", .string(digest)), ("settings", settings)]).line
  }
}
