#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Why a call of the system failed.
package struct SystemError: Error, Sendable, Hashable {
  /// The system's number, such as `ENOENT`.
  package let code: Int32

  /// The error of the call that failed last on this thread, or of number `code`.
  package init(code: Int32 = errno) { self.code = code }

  /// The system's words for it.
  package var text: String { SystemError.text(code) }

  /// The words for a file that the system does not open: where its name is an address on a network, that nothing fetches it.
  package func text(opening path: String) -> String {
    guard code == ENOENT || code == ENOTDIR, let end = path.utf8.firstIndex(of: UInt8(ascii: ":")),
      path[end...].hasPrefix("://"), end > path.startIndex,
      path[..<end].utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 32) })
    else { return text }
    return "addresses are not fetched: download it, and name the file"
  }

  /// The system's words for an error number.
  package static func text(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }
}
