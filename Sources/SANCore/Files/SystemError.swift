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

  /// The system's words for an error number.
  package static func text(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }
}
