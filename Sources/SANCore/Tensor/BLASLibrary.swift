#if canImport(COpenBLAS)
  import COpenBLAS
#endif

/// The library behind products where there are no kernels for the processor.
package enum BLASLibrary {
  /// What it says of itself: version, build and the kernels that it has chosen.
  package static var description: String {
    #if canImport(COpenBLAS)
      let configuration = openblas_get_config().map { String(cString: $0) } ?? "OpenBLAS"
      let core = openblas_get_corename().map { String(cString: $0) } ?? "unknown"
      let words = configuration.split(separator: " ").joined(separator: " ")
      return "\(words), kernels for \(core), \(threads)"
    #else
      return "Accelerate"
    #endif
  }

  #if canImport(COpenBLAS)
    /// Which of its variants is installed; Debian has a package of each.
    private static var threads: String {
      switch openblas_get_parallel() {
      case 0: "sequential"
      case 1: "threads of its own (pthreads)"
      case 2: "OpenMP"
      default: "threads unknown"
      }
    }
  #endif
}
