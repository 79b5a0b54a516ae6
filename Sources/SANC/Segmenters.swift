import CSAN
import SANInference

/// See `san.h`.
@_cdecl("san_open")
public func sanOpen(
  _ model: UnsafePointer<CChar>?, _ threads: CInt, _ segmenter: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let target = try needed(segmenter, "segmenter")
    guard (0...1024).contains(threads) else {
      throw ArgumentError("threads: \(threads) is not allowed; 1 to 1024 is, and 0 for one a processor")
    }
    let source = try model.map { ModelSource.path(try text($0, "model")) } ?? .embedded
    // Of names that come with their embeddings, none is computed; nothing is written.
    let loaded = try Segmenter(
      model: source, threads: threads == 0 ? nil : Int(threads), textCache: TextCache(folder: nil))
    target.pointee = retain(SegmenterHandle(loaded))
  }
}

/// See `san.h`.
@_cdecl("san_close")
public func sanClose(_ segmenter: OpaquePointer?) { release(segmenter, as: SegmenterHandle.self) }

/// See `san.h`.
@_cdecl("san_set_classes")
public func sanSetClasses(
  _ segmenter: OpaquePointer?, _ names: UnsafePointer<UnsafePointer<CChar>?>?, _ count: Int,
  _ background: CInt
) -> CInt {
  status {
    let handle = object(try needed(segmenter, "segmenter"), as: SegmenterHandle.self)
    // A size_t over Int.max arrives as a negative number.
    guard (0...Vocabulary.maximumClasses).contains(count) else {
      throw ArgumentError("\(UInt(bitPattern: count)) classes are more than \(Vocabulary.maximumClasses)")
    }
    let background: Background =
      switch Int(background) {
      case SAN_BACKGROUND_NONE: .none
      case SAN_BACKGROUND_DISTRACTORS: .distractors
      default: throw ArgumentError("background: \(background) is neither none (0) nor distractors (1)")
      }
    let names = UnsafeBufferPointer(start: count == 0 ? nil : try needed(names, "names"), count: count)
    let classes = try names.enumerated().map { try text($0.element, "names[\($0.offset)]") }
    handle.set(try handle.segmenter.vocabulary(classes, background: background))
  }
}

/// See `san.h`.
@_cdecl("san_set_threshold")
public func sanSetThreshold(_ segmenter: OpaquePointer?, _ threshold: Float) -> CInt {
  status {
    let handle = object(try needed(segmenter, "segmenter"), as: SegmenterHandle.self)
    guard threshold.isFinite, threshold >= 0 else {
      throw ArgumentError("threshold: \(threshold) is not allowed; a finite number of at least 0 is")
    }
    handle.set(threshold: threshold == 0 ? nil : threshold)
  }
}

/// See `san.h`.
@_cdecl("san_segment_file")
public func sanSegmentFile(
  _ segmenter: OpaquePointer?, _ path: UnsafePointer<CChar>?,
  _ segmentation: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let handle = object(try needed(segmenter, "segmenter"), as: SegmenterHandle.self)
    let target = try needed(segmentation, "segmentation")
    let image = try RGBImage(contentsOf: text(path, "path"))
    target.pointee = retain(SegmentationHandle(try handle.segment(image)))
  }
}

/// See `san.h`.
@_cdecl("san_segment_pixels")
public func sanSegmentPixels(
  _ segmenter: OpaquePointer?, _ pixels: UnsafePointer<UInt8>?, _ width: Int, _ height: Int, _ stride: Int,
  _ segmentation: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let handle = object(try needed(segmenter, "segmenter"), as: SegmenterHandle.self)
    let target = try needed(segmentation, "segmentation")
    let image = try RGBImage(try needed(pixels, "pixels"), width: width, height: height, stride: stride)
    target.pointee = retain(SegmentationHandle(try handle.segment(image)))
  }
}

extension RGBImage {
  /// Copies rows that lie `stride` bytes apart.
  fileprivate init(_ pixels: UnsafePointer<UInt8>, width: Int, height: Int, stride: Int) throws {
    guard ImageLimits.allow(width: width, height: height) else {
      throw ArgumentError(
        "\(UInt(bitPattern: width))×\(UInt(bitPattern: height)) is not a size a picture can have (sides from 1 to "
          + "\(ImageLimits.side), up to \(ImageLimits.pixels) pixels in all)")
    }
    let row = width * 3
    guard stride >= row, !stride.multipliedReportingOverflow(by: height).overflow else {
      throw ArgumentError(
        "stride: \(UInt(bitPattern: stride)) is not allowed; a row of pixels is \(row) bytes")
    }
    let bytes = [UInt8](unsafeUninitializedCapacity: row * height) { rows, count in
      for y in 0..<height { (rows.baseAddress! + y * row).update(from: pixels + y * stride, count: row) }
      count = row * height
    }
    try self.init(width: width, height: height, pixels: bytes)
  }
}
