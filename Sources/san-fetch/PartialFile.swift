import Foundation

/// A file that grows from run to run, and what is known of the one that it is to become.
final class PartialFile {
  /// Which file on the server the bytes are from.
  struct Origin: Codable, Sendable {
    var address: String
    /// What the server calls this version of the file: its `ETag`, else its `Last-Modified`.
    var version: String?
    var byteCount: Int?
  }

  let path: String
  private(set) var origin: Origin
  /// Bytes that are there.
  private(set) var byteCount: Int
  private let descriptor: Int32

  private static func statePath(_ path: String) -> String { "\(path).state" }

  /// Opens or makes the file at `path`; what is there from another address, or cannot be told apart from another version,
  /// is dropped.
  init(path: String, address: String) throws(Failure) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
    guard descriptor >= 0 else {
      throw Failure(.place, "\(path): cannot be opened: \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw Failure(.place, "\(path): another download of this model is under way")
    }
    let state = try? Data(contentsOf: URL(fileURLWithPath: Self.statePath(path)))
    origin = Origin(address: address)
    byteCount = Int(lseek(descriptor, 0, SEEK_END))
    let known = state.flatMap { try? JSONDecoder().decode(Origin.self, from: $0) }
    if let known, known.address == address, known.version != nil, byteCount <= known.byteCount ?? .max {
      origin = known
    } else {
      if byteCount > 0 {
        let reason = known.map { $0.address == address ? "cannot be continued" : "is of \($0.address)" }
        let problem = reason ?? "is of an unknown address"
        Event.send("note what an earlier run has left, \(byteCount) bytes, \(problem); starting again")
      }
      try restart()
    }
  }

  deinit { close(descriptor) }

  /// Whether no byte is missing.
  var isWhole: Bool { byteCount > 0 && byteCount == origin.byteCount }

  /// Drops all bytes.
  func restart() throws(Failure) {
    guard ftruncate(descriptor, 0) == 0 else { throw writeFailure() }
    byteCount = 0
    origin = Origin(address: origin.address)
    unlink(Self.statePath(path))
  }

  /// Remembers what the server says of the file that the next bytes are from.
  func remember(version: String?, byteCount: Int?) throws(Failure) {
    origin.version = version
    origin.byteCount = byteCount
    do {
      try JSONEncoder().encode(origin).write(to: URL(fileURLWithPath: Self.statePath(path)), options: .atomic)
    } catch {
      throw Failure(.disk, "\(Self.statePath(path)): cannot be written: \(error.localizedDescription)")
    }
  }

  func append(_ data: Data) throws(Failure) {
    let (descriptor, start) = (descriptor, byteCount)
    let written = data.withUnsafeBytes { bytes in
      var count = 0
      while count < bytes.count {
        let step = pwrite(descriptor, bytes.baseAddress! + count, bytes.count - count, off_t(start + count))
        if step < 0 && errno == EINTR { continue }
        if step <= 0 { break }
        count += step
      }
      return count
    }
    byteCount += written
    guard written == data.count else { throw writeFailure() }
  }

  /// Checks that the disk has room for `count` more bytes.
  func requireSpace(for count: Int) throws(Failure) {
    var status = statvfs()
    guard fstatvfs(descriptor, &status) == 0 else { return }
    let free = Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    guard free >= count else {
      throw Failure(
        .disk,
        "\(path): \(count) more bytes are to come, and the disk has room for \(free); free some, or set "
          + "SAN_MODEL_DIR to a folder on another disk")
    }
  }

  private func writeFailure() -> Failure {
    switch errno {
    case ENOSPC, EDQUOT, EFBIG:
      Failure(.disk, "\(path): no space left on the disk; free some and run the same command again to go on")
    default: Failure(.disk, "\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
  }
}
