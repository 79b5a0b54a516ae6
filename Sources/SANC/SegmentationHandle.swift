import CSAN
import SANCore
import SANExport
import SANInference
import Synchronization

/// What a `san_segmentation` points to: what was found, and its names as C strings.
final class SegmentationHandle: @unchecked Sendable {
  let labels: LabelMap
  let classes: [san_class]
  let scores: Tensor?
  let doubt: Doubt?
  /// The titles of the classes given, by label.
  let titles: [String]
  private let names: CStrings
  private let masks = Mutex<Masks?>(nil)

  /// Every class's run lengths, made when the first is asked for.
  fileprivate struct Masks: @unchecked Sendable {
    let masks: [san_mask]
    /// What these point to.
    let counts: CStrings
  }

  init(_ segmentation: Segmentation) {
    (labels, scores, doubt) = (segmentation.labels, segmentation.scores, segmentation.doubt)
    titles = segmentation.classes.map(\.name)
    let found = segmentation.classes + (segmentation.other.map { [$0] } ?? [])
    let names = CStrings(found.map(\.name))
    classes = found.enumerated().map {
      san_class(
        name: names[$0], pixels: UInt64($1.pixels), coverage: $1.coverage, mean_score: $1.meanScore,
        label: $1.label)
    }
    self.names = names
  }

  /// The pixels of the class `label`.
  func mask(of label: UInt16) throws -> san_mask {
    guard titles.indices.contains(Int(label)) else {
      throw ArgumentError("label: there is no class \(label); there are \(titles.count), counted from 0")
    }
    let made = try masks.withLock { kept in
      if let kept { return kept }
      let masks = try Masks(labels, classCount: titles.count)
      kept = masks
      return masks
    }
    return made.masks[Int(label)]
  }
}

extension SegmentationHandle.Masks {
  fileprivate init(_ labels: LabelMap, classCount: Int) throws {
    let all = try RunLengthMask.all(in: labels, classCount: classCount)
    let counts = CStrings(all.map(\.compressed))
    masks = all.enumerated().map { index, mask in
      let box = mask.boundingBox
      return san_mask(
        counts: counts[index], pixels: UInt64(mask.area), x: UInt32(box.x), y: UInt32(box.y),
        width: UInt32(box.width), height: UInt32(box.height))
    }
    self.counts = counts
  }
}
