import Foundation
import SANCore
import SANInference
import Synchronization
import TestSupport
import XCTest

/// Files appear whole or not at all.
final class AtomicFileTests: XCTestCase {
  private func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  func testNothingIsSeenBeforeCommit() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("out.txt")
    try AtomicFile.write("old", to: path)
    let file = try AtomicFile(path)
    try Array("new text".utf8).withUnsafeBytes { try file.write($0) }
    XCTAssertEqual(try bytes(path), Array("old".utf8))
    try file.commit()
    XCTAssertEqual(try bytes(path), Array("new text".utf8))
    XCTAssertEqual(try folder.contents(), ["out.txt"])
  }

  func testDroppedFilesLeaveNothing() throws {
    let folder = try TemporaryFolder()
    do {
      let file = try AtomicFile(folder.file("out.txt"))
      try [1, 2, 3].withUnsafeBytes { try file.write($0) }
      XCTAssertEqual(try folder.contents().count, 1)
    }
    XCTAssertEqual(try folder.contents(), [])
  }

  /// Removes what nobody has locked, again and again, as another program does with abandoned files.
  private final class Cleaner: Sendable {
    private let isOver = Mutex(false)
    private let folder: TemporaryFolder

    init(_ folder: TemporaryFolder) { self.folder = folder }

    func start() {
      Thread.detachNewThread { [self] in
        while !isOver.withLock({ $0 }) {
          for name in (try? folder.contents()) ?? [] where name.hasPrefix(".san-") {
            guard let file = try? FileDescriptor.open(folder.file(name), O_RDONLY),
              (try? file.lock()) == true
            else { continue }
            unlink(folder.file(name))
          }
        }
      }
    }

    func stop() { isOver.withLock { $0 = true } }
  }

  func testNobodyTakesAFileForAbandoned() throws {
    let folder = try TemporaryFolder()
    let cleaner = Cleaner(folder)
    cleaner.start()
    defer { cleaner.stop() }
    for index in 0..<3000 {
      try AtomicFile.write(Array("\(index)".utf8), to: folder.file("\(index % 10).txt"), durable: false)
    }
  }

  func testPieces() throws {
    let folder = try TemporaryFolder()
    let file = try AtomicFile(folder.file("out.bin"))
    try [UInt8](arrayLiteral: 1, 2).withUnsafeBytes { try file.write($0) }
    try [UInt8](arrayLiteral: 9).withUnsafeBytes { try file.write($0, at: 4) }
    try [UInt8](arrayLiteral: 3).withUnsafeBytes { try file.write($0) }
    try [UInt8]().withUnsafeBytes { try file.write($0) }
    try file.commit()
    XCTAssertEqual(try bytes(folder.file("out.bin")), [1, 2, 3, 0, 9])
  }

  func testDestinationsThatCannotBeWritten() throws {
    let folder = try TemporaryFolder()
    let missing = folder.file("none/out.txt")
    try AtomicFile.write("x", to: folder.file("file"))
    let cases: [(String, OutputFileError)] = [
      (missing, .folderMissing(path: missing, folder: folder.file("none"))),
      (folder.file("file/out"), .folderMissing(path: folder.file("file/out"), folder: folder.file("file"))),
      (folder.path, .isFolder(path: folder.path)),
      (folder.file("new/"), .isFolder(path: folder.file("new/"))),
      ("", .failed(path: "(empty path)", reason: "it is not a file name")),
      ("/proc/out.txt", .failed(path: "/proc/out.txt", reason: "the system makes no files in /proc")),
    ]
    for (path, expected) in cases {
      #if !os(Linux)
        if path.hasPrefix("/proc") { continue }
      #endif
      XCTAssertThrowsError(try AtomicFile.write("x", to: path)) {
        XCTAssertEqual($0 as? OutputFileError, expected)
      }
    }
    XCTAssertEqual(try folder.contents(), ["file"])
  }

  func testAReadOnlyFolder() throws {
    try XCTSkipIf(geteuid() == 0, "root may write anywhere")
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o555)
    defer { chmod(folder.path, 0o755) }
    let path = folder.file("out.txt")
    XCTAssertThrowsError(try AtomicFile.write("x", to: path)) {
      XCTAssertEqual($0 as? OutputFileError, .notPermitted(path: path))
    }
  }

  /// A limit on the size of files fails writes as a full disk does, after a first part went well.
  func testAFullDiskLeavesTheOldFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("out.bin")
    try AtomicFile.write("old", to: path)
    var before = rlimit()
    getrlimit(fileSizeLimit, &before)
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit(rlim_cur: 1000, rlim_max: before.rlim_max)
    setrlimit(fileSizeLimit, &limit)
    defer {
      setrlimit(fileSizeLimit, &before)
      signal(SIGXFSZ, SIG_DFL)
    }
    XCTAssertThrowsError(try AtomicFile.write([UInt8](repeating: 1, count: 5000), to: path)) {
      XCTAssertEqual($0 as? OutputFileError, .diskFull(path: path))
    }
    XCTAssertEqual(try bytes(path), Array("old".utf8))
    XCTAssertEqual(try folder.contents(), ["out.bin"])
  }

  #if os(Linux)
    func testAFullDevice() throws {
      XCTAssertThrowsError(try AtomicFile.write("x", to: "/dev/full")) {
        XCTAssertEqual($0 as? OutputFileError, .diskFull(path: "/dev/full"))
      }
    }
  #endif

  func testDevicesAreWrittenNotReplaced() throws {
    try AtomicFile.write("x", to: "/dev/null")
    var status = stat()
    XCTAssertEqual(stat("/dev/null", &status), 0)
    XCTAssertEqual(status.st_mode & S_IFMT, S_IFCHR)
  }

  func testPipes() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("pipe")
    XCTAssertEqual(mkfifo(path, 0o600), 0)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    try AtomicFile.write("through", to: path)
    var buffer = [UInt8](repeating: 0, count: 16)
    XCTAssertEqual(read(reader, &buffer, 16), 7)
    XCTAssertEqual(Array(buffer.prefix(7)), Array("through".utf8))
    let file = try AtomicFile(path)
    XCTAssertThrowsError(try [UInt8](1...3).withUnsafeBytes { try file.write($0, at: 2) }) {
      XCTAssertEqual($0 as? OutputFileError, .notSeekable(path: path))
    }
  }

  func testSymbolicLinksStay() throws {
    let folder = try TemporaryFolder()
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder.file("real"), withIntermediateDirectories: false)
    try AtomicFile.write("old", to: folder.file("real/out.txt"))
    try manager.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: "real/out.txt")
    try manager.createSymbolicLink(atPath: folder.file("fresh"), withDestinationPath: "real/fresh.txt")
    try manager.createSymbolicLink(atPath: folder.file("loop"), withDestinationPath: "loop")
    try AtomicFile.write("new", to: folder.file("link"))
    try AtomicFile.write("made", to: folder.file("fresh"))
    XCTAssertThrowsError(try AtomicFile.write("x", to: folder.file("loop"))) {
      XCTAssertEqual(
        $0 as? OutputFileError,
        .failed(path: folder.file("loop"), reason: "it is a symbolic link that leads back to itself"))
    }
    XCTAssertEqual(try manager.destinationOfSymbolicLink(atPath: folder.file("link")), "real/out.txt")
    XCTAssertEqual(try bytes(folder.file("real/out.txt")), Array("new".utf8))
    XCTAssertEqual(try bytes(folder.file("real/fresh.txt")), Array("made".utf8))
    XCTAssertEqual(try folder.contents(), ["fresh", "link", "loop", "real"])
  }

  func testPermissionsAreKept() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("out.txt")
    try AtomicFile.write("old", to: path)
    chmod(path, 0o640)
    try AtomicFile.write("new", to: path)
    var status = stat()
    XCTAssertEqual(stat(path, &status), 0)
    XCTAssertEqual(status.st_mode & 0o777, 0o640)
  }

  func testErrorsAreOneLineThatNamesTheFile() {
    let errors: [OutputFileError] = [
      .folderMissing(path: "a/b.png", folder: "a"), .notPermitted(path: "a/b.png"),
      .readOnly(path: "a/b.png"),
      .diskFull(path: "a/b.png"), .isFolder(path: "a/b.png"), .notSeekable(path: "a/b.png"),
      .failed(path: "a/b.png", reason: "r"),
    ]
    for error in errors {
      XCTAssertTrue("\(error)".hasPrefix("a/b.png: "), "\(error)")
      XCTAssertFalse("\(error)".contains("\n"), "\(error)")
    }
  }
}

#if canImport(Glibc)
  private let fileSizeLimit = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
#else
  private let fileSizeLimit = RLIMIT_FSIZE
#endif
