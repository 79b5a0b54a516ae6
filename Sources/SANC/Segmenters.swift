import CSAN
import SANCore
import SANInference
import SANWeights

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// See `san.h`.
@_cdecl("san_open")
public func sanOpen(
  _ model: UnsafePointer<CChar>?, _ threads: CInt, _ segmenter: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let target = try needed(segmenter, "segmenter")
    let source = try model.map { ModelSource.path(try text($0, "model")) } ?? .embedded
    target.pointee = retain(try load(source, precision: .float32, threads: threads))
  }
}

/// See `san.h`.
@_cdecl("san_open_model")
public func sanOpenModel(
  _ model: UnsafePointer<CChar>?, _ precision: UnsafePointer<CChar>?, _ threads: CInt,
  _ segmenter: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let target = try needed(segmenter, "segmenter")
    let source = try model.map { ModelSource(nameOrPath: try text($0, "model")) } ?? .embedded
    let wanted = try precision.map { try text($0, "precision") } ?? Precision.float32.rawValue
    guard let precision = Precision(rawValue: wanted) else {
      let known = Precision.allCases.map(\.rawValue).joined(separator: ", ")
      throw ArgumentError("precision: \"\(wanted)\" is not known; there are \(known)")
    }
    target.pointee = retain(try load(source, precision: precision, threads: threads))
  }
}

private func load(_ model: ModelSource, precision: Precision, threads: CInt) throws -> SegmenterHandle {
  guard (0...1024).contains(threads) else {
    throw ArgumentError("threads: \(threads) is not allowed; 1 to 1024 is, and 0 for one a processor")
  }
  // Of names that come with their embeddings, none is computed; nothing is written.
  return SegmenterHandle(
    try Segmenter(
      model: model, precision: precision, threads: threads == 0 ? nil : Int(threads),
      textCache: TextCache(folder: nil)))
}

extension ModelSource {
  /// An installed model of the name, else the file; what is neither and could be a name is taken for one, whose error
  /// lists the models that there are.
  fileprivate init(nameOrPath text: String) {
    let isInstalled = text == SANWeights.defaultModel || ModelStore.standard.model(text) != nil
    let isName = isInstalled || (ModelStore.isName(text) && access(text, F_OK) != 0)
    self = isName ? .named(text) : .path(text)
  }
}

/// See `san.h`.
@_cdecl("san_model_name")
public func sanModelName(_ segmenter: OpaquePointer?) -> UnsafePointer<CChar>? {
  segmenter.flatMap { object($0, as: SegmenterHandle.self).name[0] }
}

/// See `san.h`.
@_cdecl("san_threads")
public func sanThreads(_ segmenter: OpaquePointer?) -> CInt {
  segmenter.map { CInt(object($0, as: SegmenterHandle.self).segmenter.threads) } ?? 0
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
    try checkCount(count, "classes")
    let background: Background =
      switch Int(background) {
      case SAN_BACKGROUND_NONE: .none
      case SAN_BACKGROUND_DISTRACTORS: .distractors
      default: throw ArgumentError("background: \(background) is neither none (0) nor distractors (1)")
      }
    let classes = try texts(names, count: count, "names")
    handle.set(try handle.segmenter.vocabulary(classes, background: background))
  }
}

/// See `san.h`.
@_cdecl("san_set_threshold")
public func sanSetThreshold(_ segmenter: OpaquePointer?, _ threshold: Float) -> CInt {
  status {
    let handle = object(try needed(segmenter, "segmenter"), as: SegmenterHandle.self)
    handle.set(threshold: try allowedThreshold(threshold))
  }
}

/// A threshold as a segmenter takes it: 0 is none.
func allowedThreshold(_ threshold: Float) throws(ArgumentError) -> Float? {
  guard threshold.isFinite, threshold >= 0 else {
    throw ArgumentError("threshold: \(threshold) is not allowed; a finite number of at least 0 is")
  }
  return threshold == 0 ? nil : threshold
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
