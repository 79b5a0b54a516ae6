import SANCore
import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that keeps each photo's result: JSON, a line for what the run is made with and then one a photo.
///
/// Lines are appended as photos are done, so a run that ends at any moment leaves whole lines and at most a part of one,
/// which the next run takes away. Photos, label files and predictions count as they were by their sizes and times: where
/// one has changed, the photo is evaluated again.
final class EvaluationState {
  private let path: String
  private let file: FileDescriptor
  private let classCount: Int
  /// By name: the result, what its files were, and what the predicted label map was where there was one.
  private var kept: [String: (result: ImageResult, files: String, prediction: String?)] = [:]

  private static let maximumByteCount = 1 << 31
  /// Longer results would be refused when they are read, and are evaluated again instead.
  private static let maximumPairs = 200_000

  /// Opens or starts the file; no other run may have it open.
  ///
  /// - Parameter header: everything that results depend on but the photos and labels, in the order in which differences
  ///   are told.
  init(_ path: String, header: [(String, JSONText)], classCount: Int) throws {
    (self.path, self.classCount) = (path, classCount)
    do {
      file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_APPEND)
    } catch {
      throw PlaceError(path: path, problem: "cannot be opened: \(error.text)")
    }
    // Some network file systems have no locks: there, nobody watches.
    if (try? file.lock()) == false {
      throw PlaceError(
        path: path, problem: "another run has it open; wait for it, or name another file with --state")
    }
    try read(header: header)
  }

  /// The result of `image`, if it is known and its files are as they were.
  ///
  /// - Parameter prediction: the file that its label map is wanted in: it has to be the one that was written with the
  ///   result.
  func result(of image: LabelledImage, prediction: String?) -> ImageResult? {
    guard let entry = kept[image.name], entry.files == EvaluationState.files(of: image) else { return nil }
    if let prediction {
      guard let written = FileStatus(prediction)?.stamp, written == entry.prediction else { return nil }
    }
    return entry.result
  }

  /// Appends a result, whose label map is in the file `prediction` where it is wanted.
  func append(_ result: ImageResult, of image: LabelledImage, prediction: String?) throws {
    let pairs = result.confusion.entries.count + result.unlisted.count
    guard pairs <= EvaluationState.maximumPairs else { return }
    var members: [(String, JSONText)] = [("files", .string(EvaluationState.files(of: image)))]
    if let written = prediction.flatMap({ FileStatus($0)?.stamp }) {
      members.append(("prediction", .string(written)))
    }
    try write(JSONText.object(members + result.json).line)
  }

  /// What the two files are.
  private static func files(of image: LabelledImage) -> String {
    [image.image, image.labels].map { FileStatus($0)?.stamp ?? "-" }.joined(separator: " ")
  }

  // MARK: The file

  private func read(header: [(String, JSONText)]) throws {
    let bytes = try MappedFile.contents(of: path, limit: EvaluationState.maximumByteCount)
    let own = JSONText.object(header).line
    // What follows the last line's end is a line that was not finished.
    let whole = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    if whole == 0 {
      // A header that was not finished starts as this one does; anything else is a file of the user's.
      guard own.utf8.starts(with: bytes) else { throw foreign }
      try write(String(own.dropFirst(bytes.count)))
      return
    }
    var number = 0
    let lines = bytes[..<(whole - 1)].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for line in lines {
      number += 1
      try Interruption.check()
      let value = try? JSONValue(parsing: line)
      if number == 1 {
        try check(value, against: own, names: header.map(\.0))
        continue
      }
      guard let value, case .string(let files)? = value["files"],
        let result = ImageResult(value, classCount: classCount)
      else {
        throw EvaluationDataError(
          "\(path): line \(number) is not a photo's result; remove the line, or name another file with --state",
          category: .damaged)
      }
      var prediction: String?
      if case .string(let written)? = value["prediction"] { prediction = written }
      kept[result.name] = (result, files, prediction)
    }
    try shorten(to: whole)
  }

  private var foreign: EvaluationDataError {
    EvaluationDataError(
      "\(path): is not the state of an evaluation; name another file with --state",
      category: .damaged)
  }

  /// Checks the first line.
  private func check(_ value: JSONValue?, against own: String, names: [String]) throws {
    let expected = try JSONValue(parsing: Array(own.utf8)[...])
    guard let value, value["format"] == expected["format"] else { throw foreign }
    guard let name = names.first(where: { value[$0] != expected[$0] }) else { return }
    let title = name.map { $0 == "_" ? " " : String($0) }.joined()
    let (was, isNow) = (EvaluationState.plain(value[name]), EvaluationState.plain(expected[name]))
    let difference =
      name.hasSuffix("_sha256")
      ? "another \(title.dropLast(" sha256".count))" : "\(title) \(was), which is \(isNow) now"
    throw EvaluationDataError(
      "\(path): was made with \(difference); use what it was made with, or name another file with --state",
      category: .damaged)
  }

  /// A value in words.
  private static func plain(_ value: JSONValue?) -> String {
    switch value {
    case .string(let text): text
    case .integer(let number): String(number)
    case .real(let number): String(number)
    case .boolean(let flag): String(flag)
    case .array(let elements): elements.isEmpty ? "none" : elements.map(plain).joined(separator: ",")
    case .null, nil: "none"
    case .object: "something else"
    }
  }

  private func shorten(to byteCount: Int) throws {
    guard ftruncate(file.number, off_t(byteCount)) == 0 else { throw failure(SystemError()) }
  }

  private func write(_ text: String) throws {
    do { try file.write(Array(text.utf8)) } catch { throw failure(error) }
  }

  private func failure(_ error: SystemError) -> OutputFileError {
    OutputFileError(code: error.code, path: path, folder: Path.folder(of: path))
  }
}

extension JSONValue {
  fileprivate init(parsing bytes: ArraySlice<UInt8>) throws {
    self = try bytes.withUnsafeBytes { try JSONValue(parsing: $0) }
  }
}
