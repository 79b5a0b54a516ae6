import CSAN

/// See `san.h`.
@_cdecl("san_width")
public func sanWidth(_ segmentation: OpaquePointer?) -> Int {
  segmentation.map { object($0, as: SegmentationHandle.self).labels.size.width } ?? 0
}

/// See `san.h`.
@_cdecl("san_height")
public func sanHeight(_ segmentation: OpaquePointer?) -> Int {
  segmentation.map { object($0, as: SegmentationHandle.self).labels.size.height } ?? 0
}

/// See `san.h`.
@_cdecl("san_labels")
public func sanLabels(_ segmentation: OpaquePointer?, _ labels: UnsafeMutablePointer<UInt16>?, _ count: Int)
  -> CInt
{
  status {
    let map = object(try needed(segmentation, "segmentation"), as: SegmentationHandle.self).labels
    let target = try needed(labels, "labels")
    // A size_t over Int.max arrives as a negative number.
    let room = UInt(bitPattern: count)
    guard room >= UInt(map.labels.count) else {
      throw ArgumentError("labels has room for \(room) values; the picture has \(map.labels.count)")
    }
    target.update(from: map.labels, count: map.labels.count)
  }
}

/// See `san.h`.
@_cdecl("san_label_data")
public func sanLabelData(_ segmentation: OpaquePointer?) -> UnsafePointer<UInt16>? {
  segmentation.flatMap { object($0, as: SegmentationHandle.self).labels.labels.address }
}

/// See `san.h`.
@_cdecl("san_score_data")
public func sanScoreData(_ segmentation: OpaquePointer?) -> UnsafePointer<Float>? {
  segmentation.flatMap { object($0, as: SegmentationHandle.self).scores?.pointer }
}

/// See `san.h`.
@_cdecl("san_score_class_count")
public func sanScoreClassCount(_ segmentation: OpaquePointer?) -> Int {
  segmentation.flatMap { object($0, as: SegmentationHandle.self).scores?.shape[0] } ?? 0
}

/// See `san.h`.
@_cdecl("san_doubt")
public func sanDoubt(
  _ segmentation: OpaquePointer?, _ margin: UnsafeMutablePointer<Double>?,
  _ unsure: UnsafeMutablePointer<Double>?
) -> CInt {
  status {
    let doubt = object(try needed(segmentation, "segmentation"), as: SegmentationHandle.self).doubt
    let (margin, unsure) = (try needed(margin, "margin"), try needed(unsure, "unsure"))
    (margin.pointee, unsure.pointee) = (doubt?.meanMargin ?? .nan, doubt?.unsureShare ?? .nan)
  }
}

/// See `san.h`.
@_cdecl("san_class_count")
public func sanClassCount(_ segmentation: OpaquePointer?) -> Int {
  segmentation.map { object($0, as: SegmentationHandle.self).classes.count } ?? 0
}

/// See `san.h`.
@_cdecl("san_class_at")
public func sanClassAt(
  _ segmentation: OpaquePointer?, _ index: Int, _ found: UnsafeMutablePointer<san_class>?
) -> CInt {
  status {
    let classes = object(try needed(segmentation, "segmentation"), as: SegmentationHandle.self).classes
    let target = try needed(found, "found")
    guard classes.indices.contains(index) else {
      throw ArgumentError("index: there is no class \(UInt(bitPattern: index)); there are \(classes.count)")
    }
    target.pointee = classes[index]
  }
}

/// See `san.h`.
@_cdecl("san_free")
public func sanFree(_ segmentation: OpaquePointer?) { release(segmentation, as: SegmentationHandle.self) }
