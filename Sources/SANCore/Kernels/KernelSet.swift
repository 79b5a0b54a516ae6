import CVectorKernels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The functions that products, attention and functions of rows are made of: one table for each kind of processor.
///
/// The best set that the processor has is chosen once. Sets differ in rounding alone, and within a set a row's result is
/// the same to the last bit whatever rows are computed with it.
public struct KernelSet: @unchecked Sendable, Hashable, CustomStringConvertible {
  /// The set's name: `portable`, `avx2` or `avx512`.
  public let description: String

  /// The functions. One that may be missing, because not every set has it, is an optional.
  package let table: UnsafePointer<vk_kernels>

  private init(_ table: UnsafePointer<vk_kernels>) {
    self.table = table
    description = String(cString: table.pointee.name)
  }

  /// Plain Swift, which runs everywhere.
  public static let portable = KernelSet(PortableKernels.table)

  /// What this machine can run, the best last.
  public static let available: [KernelSet] =
    [portable] + [vk_avx2(), vk_avx512()].compactMap { $0 }.map(KernelSet.init)

  /// AVX-512's functions on pairs of AVX2's vectors, BF16's among them, for tests where there is no AVX-512: the same bits, slowly.
  package static let pairs = vk_avx512_pairs().map(KernelSet.init)

  /// AVX-512's functions without VNNI and BF16, for tests where there are these: the same bits.
  package static let withoutVNNI = vk_avx512_without_vnni().map(KernelSet.init)

  /// All that can be tested on this machine.
  package static let tested = available + (pairs.map { [$0] } ?? [])

  /// What the environment variable `SAN_KERNELS` says.
  package static let wanted = ProcessInfo.processInfo.environment["SAN_KERNELS"]

  /// The set in use: the one that `SAN_KERNELS` names, or else the best.
  public static let current = tested.first { $0.description == wanted } ?? available[available.count - 1]

  /// Goes up when the sets come to other bits than before, so that what older ones computed does not mix with theirs.
  package static let revision = 2
}
