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
    guard code == ENOENT || code == ENOTDIR, SystemError.isAddress(path) else { return text }
    return "addresses are not fetched: download it, and name the file"
  }

  /// Whether a path that leads to nothing is an address on a network, such as `https://` or `s3://` begins.
  package static func isAddress(_ path: String) -> Bool {
    guard let end = path.utf8.firstIndex(of: UInt8(ascii: ":")), path[end...].hasPrefix("://") else {
      return false
    }
    func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 32) }
    let scheme = path[..<end].utf8
    return scheme.first.map(isLetter) == true
      && scheme.allSatisfy { isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// The system's words for an error number.
  package static func text(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }
}
