#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Memory that the system does not give because `ulimit -v` limits the addresses of this program. Swift has no error for it: a
/// program that asks for more crashes. Where there is such a limit, a line that says so takes the place of the crash's report.
enum AddressSpace {
  // Only read once it is made.
  nonisolated(unsafe) private static let line: UnsafeMutableBufferPointer<UInt8> = {
    let text =
      "san-cli: there is not enough memory: the address space is limited to \(limit >> 20) MiB (ulimit -v); raise the "
      + "limit, or give fewer --jobs and --threads\n"
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
    _ = bytes.initialize(from: text.utf8)
    return bytes
  }()

  /// In bytes; the highest number where there is no limit.
  private static var limit: UInt64 {
    var limit = rlimit()
    #if canImport(Glibc)
      let status = getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    #else
      let status = getrlimit(RLIMIT_AS, &limit)
    #endif
    return status == 0 ? UInt64(limit.rlim_cur) : .max
  }

  /// Takes over the signals that end a program without memory, where its memory is limited.
  static func watch() {
    guard limit < 1 << 46, line.count > 0 else { return }
    for number in [SIGABRT, SIGILL, SIGTRAP, SIGSEGV, SIGBUS] {
      // Does nothing but what a signal handler may: 74 is the status of what the system refuses.
      signal(number) { _ in
        _ = write(STDERR_FILENO, AddressSpace.line.baseAddress, AddressSpace.line.count)
        _exit(74)
      }
    }
  }
}
