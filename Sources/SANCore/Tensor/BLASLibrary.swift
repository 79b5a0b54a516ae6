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
      return "\(configuration.split(separator: " ").joined(separator: " ")), kernels for \(core)"
    #else
      return "Accelerate"
    #endif
  }
}
