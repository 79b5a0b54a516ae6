import SANCore
import SANInference
import Synchronization

/// Which images have been segmented into a folder, with what settings: how a run that was stopped goes on.
///
/// A hidden file in the first output folder, `.san-run.jsonl`, gets a line of JSON for each image as its files are in
/// place, with what a data set has of it where one is made; shards have files of their own, so that several machines can
/// write into one folder. A line counts for a run with the same settings as long as the image and its outputs are as they
/// were: of the same size, last written at the same time.
///
/// Such a file in each of the output folders also tells, whatever the settings, by their SHA-256 which files are outputs: no
/// other file is replaced.
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
  /// Those in the other output folders.
  private let others: [AppendedFile]
  /// One line at a time.
  private let writer = Mutex(())
  /// What earlier runs with the same settings have done, by the images' names.
  private let known: [String: [Entry]]
  /// The SHA-256 of all outputs of earlier runs, by the images' names and the outputs' options.
  private let written: [String: [String: Set<String>]]

  private static let prefix = ".san-run"
  private static let suffix = ".jsonl"

  /// Opens the records in `folders`, which are made if missing; the first has all.
  ///
  /// - Parameters:
  ///   - names: the images of this run.
  ///   - skips: whether their earlier results are wanted.
  ///   - maskNames: the names of the files in a folder of masks.
  init(
    folders: [String], settings: RunSettings, shard: Shard?, names: Set<String>, skips: Bool,
    maskNames: [String]
  ) throws {
    (self.settings, self.maskNames) = (settings, maskNames)
    var known: [String: [Entry]] = [:]
    var written: [String: [String: Set<String>]] = [:]
    for (index, folder) in folders.enumerated() {
      try OutputFolder.make(folder)
      try RunRecord.read(
        folder, run: skips && index == 0 ? settings.digest : nil, names: names, known: &known,
        written: &written)
    }
    (self.known, self.written) = (known, written)
    let files = try folders.map { folder in
      try AppendedFile(
        Path.join(folder, RunRecord.prefix + (shard?.suffix ?? "") + RunRecord.suffix), replacing: false)
    }
    (file, others) = (files[0], Array(files.dropFirst()))
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
    let name = ("name", JSONText.string(item.name))
    let digests = try item.plan.files.map { file in
      (file.option, JSONText.string(try FileDigest.quick(ofFileAt: file.path)))
    }
    let files = ("files", JSONText.object(digests))
    let line = JSONText.object([
      name, ("run", .string(settings.digest)), ("state", .string(state)), files,
      ("result", .object(summary.kept)),
    ]).line
    try writer.withLock { _ in
      try file.append(line)
      for other in others { try other.append(JSONText.object([name, files]).line) }
    }
  }

  /// Checks that whatever stands where an image's outputs go is an output of an earlier run.
  func requireOwn(_ item: BatchPlan.Item) throws {
    for output in item.plan.files where FileStatus(output.path)?.isRegular == true {
      let own = written[item.name]?[output.option] ?? []
      guard !own.isEmpty, own.contains(try FileDigest.quick(ofFileAt: output.path)) else {
        throw ForeignFileError(path: output.path)
      }
    }
    if let folder = item.plan.maskFolder, let file = MaskFolder.foreignFile(in: folder, names: maskNames) {
      throw ForeignFileError(path: file)
    }
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

  /// Adds the entries of all records in `folder`: those of the runs with the settings `run`, and the outputs of all. Lines that
  /// are damaged, as the last one of a killed run may be, do not count.
  private static func read(
    _ folder: String, run: String?, names: Set<String>, known: inout [String: [Entry]],
    written: inout [String: [String: Set<String>]]
  ) throws {
    let files = try FolderEntry.all(in: folder).map(\.name).filter {
      $0.hasPrefix(prefix) && $0.hasSuffix(suffix)
    }
    for name in files.sorted() {
      let file = try MappedFile(path: Path.join(folder, name))
      withExtendedLifetime(file) {
        for line in file.bytes.split(separator: UInt8(ascii: "\n")) {
          guard let value = try? JSONValue(parsing: UnsafeRawBufferPointer(rebasing: line)),
            case .string(let name)? = value["name"], names.contains(name)
          else { continue }
          if case .object(let digests)? = value["files"] {
            for member in digests {
              guard case .string(let digest) = member.value else { continue }
              written[name, default: [:]][member.name, default: []].insert(digest)
            }
          }
          guard let run, value["run"] == .string(run), case .string(let state)? = value["state"] else {
            continue
          }
          known[name, default: []].append(
            Entry(state: state, file: file, line: line.startIndex..<line.endIndex))
        }
      }
    }
  }
}

/// A file that stands where an output would go, and is none of an earlier run.
struct ForeignFileError: ProgramError {
  let path: String
  var description: String {
    "\(path): exists and is not what an earlier run has written; it is left as it is (--overwrite replaces it)"
  }
  var category: ErrorCategory { .cannotCreate }
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
      ("precision", .string(job.segmenter.precision.rawValue)),
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
      ("truncated", .integer(options.preparation.truncated ? 1 : 0)),
      ("scales", .array(job.views.scales.map { .real($0) })),
      ("flip", .integer(job.views.flip ? 1 : 0)),
      ("window", job.views.window.map { .array([.integer($0.side), .real($0.overlap)]) } ?? .null),
      ("outputs", .array(options.output.folders.map { .string($0.option) })),
      ("look", .string("\(options.output.look.options)")),
      ("pictures", .string(options.output.pictureFormat.format.rawValue)),
      ("labels", options.output.labels == nil ? .null : .string(options.output.labelsAs.rawValue)),
      ("cutout", .array(options.output.cutoutNames.map { .string($0) })),
      ("cutout_background", options.output.cutoutBackground.map { .string($0.hex) } ?? .null),
      ("polygons", options.output.annotations.settings),
      ("coco", options.output.coco == nil ? .null : .string(options.output.cocoMasks.rawValue)),
    ])
    digest = Digest.of(settings.line)
    line = JSONText.object([("run", .string(digest)), ("settings", settings)]).line
  }
}
