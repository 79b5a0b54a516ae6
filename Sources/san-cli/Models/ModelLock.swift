import SANCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The right to install or remove the model of a name, which one process has at a time.
///
/// It is a lock on a hidden file, which the system gives back however its holder ends. A file that a crash has left is
/// nobody's: the next holder takes it over, and away at its end.
enum ModelLock {
  /// Runs `body` while no other process installs or removes the model `name`.
  ///
  /// - Throws: ``PlaceError`` where another one does, or the folder takes no file.
  static func hold<Result>(_ name: String, in folder: String, _ body: () throws -> Result) throws -> Result {
    let path = path(of: name, in: folder)
    let descriptor = try take(path, name: name)
    defer {
      // While it is locked: once it is not, the file may be another's.
      unlink(path)
      close(descriptor)
    }
    return try body()
  }

  /// Whether a process is installing or removing the model `name`.
  static func isHeld(_ name: String, in folder: String) -> Bool {
    let descriptor = open(path(of: name, in: folder), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  static func path(of name: String, in folder: String) -> String { Path.join(folder, ".\(name).lock") }

  private static func take(_ path: String, name: String) throws -> Int32 {
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
      guard descriptor >= 0 else {
        throw PlaceError(path: path, problem: "cannot be made: \(SystemError.text(errno))")
      }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let code = errno
        close(descriptor)
        let isHeld = code == EWOULDBLOCK
        throw PlaceError(
          path: isHeld ? name : path,
          problem: isHeld
            ? "another san-cli is installing or removing this model; wait until it has ended"
            : "cannot be locked: \(SystemError.text(code))")
      }
      // Who held it may have taken it away between the two calls: a file without a name keeps nobody out.
      var status = stat()
      if fstat(descriptor, &status) == 0, status.st_nlink > 0 { return descriptor }
      close(descriptor)
    }
  }
}
