import CSAN
import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a `san_segmentation` points to: the labels, and the classes with their names as C strings.
final class SegmentationHandle: @unchecked Sendable {
  let labels: LabelMap
  let classes: [san_class]

  init(_ segmentation: Segmentation) {
    labels = segmentation.labels
    let found = segmentation.classes + (segmentation.other.map { [$0] } ?? [])
    classes = found.map {
      san_class(
        name: UnsafePointer(strdup($0.name)), pixels: UInt64($0.pixels), coverage: $0.coverage,
        mean_score: $0.meanScore, label: $0.label)
    }
  }

  deinit {
    for found in classes { free(UnsafeMutablePointer(mutating: found.name)) }
  }
}
