import CSAN
import SANInference

/// What a `san_encoded` points to.
final class EncodedHandle: Sendable {
  let encoded: EncodedImage

  init(_ encoded: EncodedImage) { self.encoded = encoded }
}

/// See `san.h`.
@_cdecl("san_encode")
public func sanEncode(
  _ segmenter: OpaquePointer?, _ image: OpaquePointer?, _ shortSide: Int, _ control: OpaquePointer?,
  _ encoded: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let segmenter = object(try needed(segmenter, "segmenter"), as: SegmenterHandle.self).segmenter
    let image = object(try needed(image, "image"), as: ImageHandle.self).image
    let target = try needed(encoded, "encoded")
    let found = try segmenter.encode(image, shortSide: side(shortSide), control: runControl(control))
    target.pointee = retain(EncodedHandle(found))
  }
}

/// See `san.h`.
@_cdecl("san_encoded_proposals")
public func sanEncodedProposals(
  _ encoded: OpaquePointer?, _ proposals: UnsafeMutablePointer<san_proposals>?
) -> CInt {
  status {
    let encoded = object(try needed(encoded, "encoded"), as: EncodedHandle.self).encoded
    let target = try needed(proposals, "proposals")
    let found = encoded.proposals
    target.pointee = san_proposals(
      masks: found.logits.pointer, embeddings: found.embeddings.pointer, count: found.logits.shape[0],
      height: found.grid.height, width: found.grid.width, dimension: found.embeddings.shape[1],
      padded_height: found.imageSize.height, padded_width: found.imageSize.width,
      resized_height: encoded.resized.height, resized_width: encoded.resized.width)
  }
}

/// See `san.h`.
@_cdecl("san_encoded_free")
public func sanEncodedFree(_ encoded: OpaquePointer?) { release(encoded, as: EncodedHandle.self) }

/// See `san.h`.
@_cdecl("san_segment_encoded")
public func sanSegmentEncoded(
  _ segmenter: OpaquePointer?, _ encoded: OpaquePointer?, _ vocabulary: OpaquePointer?, _ threshold: Float,
  _ outputs: UInt32, _ control: OpaquePointer?, _ segmentation: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let segmenter = object(try needed(segmenter, "segmenter"), as: SegmenterHandle.self).segmenter
    let encoded = object(try needed(encoded, "encoded"), as: EncodedHandle.self).encoded
    let vocabulary = object(try needed(vocabulary, "vocabulary"), as: VocabularyHandle.self).vocabulary
    let target = try needed(segmentation, "segmentation")
    let wanted = try Outputs(outputs)
    let found = try segmenter.segment(
      encoded, vocabulary: vocabulary, threshold: allowedThreshold(threshold), scores: wanted.scores,
      doubt: wanted.doubt, control: runControl(control))
    target.pointee = retain(SegmentationHandle(found))
  }
}

/// See `san.h`.
@_cdecl("san_segment_image")
public func sanSegmentImage(
  _ segmenter: OpaquePointer?, _ image: OpaquePointer?, _ vocabulary: OpaquePointer?, _ shortSide: Int,
  _ threshold: Float, _ outputs: UInt32, _ control: OpaquePointer?,
  _ segmentation: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let segmenter = object(try needed(segmenter, "segmenter"), as: SegmenterHandle.self).segmenter
    let image = object(try needed(image, "image"), as: ImageHandle.self).image
    let vocabulary = object(try needed(vocabulary, "vocabulary"), as: VocabularyHandle.self).vocabulary
    let target = try needed(segmentation, "segmentation")
    let wanted = try Outputs(outputs)
    let found = try segmenter.segment(
      image, vocabulary: vocabulary, shortSide: side(shortSide), threshold: allowedThreshold(threshold),
      scores: wanted.scores, doubt: wanted.doubt, control: runControl(control))
    target.pointee = retain(SegmentationHandle(found))
  }
}

/// What is kept beside labels.
private struct Outputs {
  let scores, doubt: Bool

  init(_ bits: UInt32) throws(ArgumentError) {
    let (scores, doubt) = (UInt32(SAN_SCORES), UInt32(SAN_DOUBT))
    guard bits & ~(scores | doubt) == 0 else {
      throw ArgumentError("outputs: \(bits) is no sum of SAN_SCORES (1) and SAN_DOUBT (2)")
    }
    (self.scores, self.doubt) = (bits & scores != 0, bits & doubt != 0)
  }
}

/// A short side as a segmenter takes it. What is no length at all is refused here, else by the segmenter.
private func side(_ length: Int) throws(ArgumentError) -> Int? {
  // A size_t over Int.max arrives as a negative number.
  guard length >= 0 else {
    throw ArgumentError("short_side: \(UInt(bitPattern: length)) is not allowed; 1 to \(ImageLimits.side) is")
  }
  return length == 0 ? nil : length
}
