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
    let file = try take(path, name: name)
    // While it is locked: once it is not, the file may be another's.
    defer { withExtendedLifetime(file) { _ = unlink(path) } }
    return try body()
  }

  /// Whether a process is installing or removing the model `name`.
  static func isHeld(_ name: String, in folder: String) -> Bool {
    let file = try? FileDescriptor.open(path(of: name, in: folder), O_RDONLY | O_NOFOLLOW)
    return (try? file?.lock(shared: true)) == false
  }

  static func path(of name: String, in folder: String) -> String { Path.join(folder, ".\(name).lock") }

  private static func take(_ path: String, name: String) throws -> FileDescriptor {
    while true {
      let file: FileDescriptor
      do { file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW) } catch {
        throw PlaceError(path: path, problem: "cannot be made: \(error.text)")
      }
      let isLocked: Bool
      do { isLocked = try file.lock() } catch {
        throw PlaceError(path: path, problem: "cannot be locked: \(error.text)")
      }
      guard isLocked else {
        throw PlaceError(
          path: name, problem: "another san-cli is installing or removing this model; wait until it has ended"
        )
      }
      // Who held it may have taken it away between the two calls: a file without a name keeps nobody out.
      if let status = try? file.status(), status.st_nlink > 0 { return file }
    }
  }
}
