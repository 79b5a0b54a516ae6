import SANCore
import SANInference

/// A file that says which class a number in label files stands for: UTF-8 text, `number<TAB>name` a line.
struct LabelNames {
  /// The class of each number, by its place in the vocabulary.
  let classesByID: [UInt16: Int]

  private static let maximumByteCount = 8 << 20

  /// Reads the file. Names are compared as the model reads them: case and extra spaces do not count.
  ///
  /// - Parameters:
  ///   - classes: the vocabulary; a name that is not in it is an error unless its number is in `ignored`.
  /// - Throws: `FileError`, ``StreamInputError``, or ``EvaluationDataError``.
  init(_ path: String, classes: [String], ignored: Set<UInt16>) throws {
    func failure(_ problem: String) -> EvaluationDataError {
      EvaluationDataError("\(path): \(problem)", status: Failure.Status.data)
    }
    let bytes = try StreamInput.contents(of: path, limit: LabelNames.maximumByteCount)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw failure("is not UTF-8 text: save it as such")
    }
    let places = Dictionary(
      classes.enumerated().map { (TextCleaning.clean($1), $0) }, uniquingKeysWith: { first, _ in first })
    var classesByID: [UInt16: Int] = [:]
    var lines: [UInt16: Int] = [:]
    let breaks: Set<Character> = ["\n", "\r", "\r\n"]
    let all = text.split(omittingEmptySubsequences: false, whereSeparator: breaks.contains)
    for (index, line) in all.enumerated() where !line.allSatisfy(\.isWhitespace) {
      let number = index + 1
      let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let id = UInt16(parts[0].filter { $0 != " " }) else {
        throw failure("line \(number): is not a number from 0 to 65535, a tab and a class")
      }
      if let first = lines.updateValue(number, forKey: id) {
        throw failure("line \(number): the number \(id) is on line \(first) already")
      }
      guard !ignored.contains(id) else { continue }
      guard let place = places[TextCleaning.clean(String(parts[1]))] else {
        let numbers = ignored.union([id]).sorted().map(String.init).joined(separator: ",")
        throw failure(
          "line \(number): \"\(parts[1])\" is not in the vocabulary; correct the name, "
            + "or leave its pixels out with --ignore \(numbers)")
      }
      classesByID[id] = place
    }
    guard !classesByID.isEmpty else {
      throw failure("names no class; one \"number<TAB>class\" a line is needed")
    }
    self.classesByID = classesByID
  }
}
