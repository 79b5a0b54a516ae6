/// One of several equal parts of a job, as `I/N`.
struct Shard: Sendable {
  /// Which of them, from 1.
  let number: Int
  /// How many there are.
  let count: Int

  static let maximumCount = 1_000_000

  /// Nil where the text is none.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let count = parts[1],
      (1...Shard.maximumCount).contains(count),
      (1...count).contains(number)
    else { return nil }
    (self.number, self.count) = (number, count)
  }

  /// What its own files' names have before the extension: `-3-of-8`.
  var suffix: String { "-\(number)-of-\(count)" }

  /// Its own file where the whole job would write `path`: `found-3-of-8.json` for `found.json`. What is there and no file,
  /// such as a pipe, stays what it is.
  func ownPath(_ path: String) -> String {
    guard !path.isEmpty, FileStatus(path)?.isRegular != false else { return path }
    let end = Path.name(of: path).dropFirst(Path.stem(of: path).count)
    return path.dropLast(end.count) + suffix + end
  }

  /// Whether the element at `index` of the whole list is in it: each is in exactly one.
  func contains(_ index: Int) -> Bool { index % count == number - 1 }
}
