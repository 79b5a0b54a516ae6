import CVectorKernels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The vector instructions that products, attention and functions of rows are made of.
///
/// The best set that the processor has is chosen once. Sets differ in rounding alone.
package struct KernelSet: @unchecked Sendable, Hashable, CustomStringConvertible {
  /// `portable`, `avx2` or `avx512`.
  package let description: String
  /// Functions in C, or nil for those in Swift.
  let table: UnsafePointer<vk_kernels>?

  /// Whether a row of a product is the same to the last bit whatever rows are beside it. BLAS makes no such promise.
  package var hasIndependentRows: Bool { table != nil }

  /// Plain Swift, with the system's BLAS for products.
  package static let portable = KernelSet(description: "portable", table: nil)

  /// What this machine can run, the best last.
  package static let available: [KernelSet] =
    [portable]
    + [vk_avx2(), vk_avx512()].compactMap { table in
      table.map { KernelSet(description: String(cString: $0.pointee.name), table: $0) }
    }

  /// What the environment variable `SAN_KERNELS` says.
  package static let wanted = ProcessInfo.processInfo.environment["SAN_KERNELS"]

  /// The set in use: the one that `SAN_KERNELS` names, or else the best.
  package static let current = available.first { $0.description == wanted } ?? available[available.count - 1]
}
