import CSAN
import SANExport
import SANInference

/// See `san.h`.
@_cdecl("san_color")
public func sanColor(_ label: UInt16) -> UInt32 {
  let color = label == LabelMap.other ? Palette.other : Palette.color(of: Int(label))
  return UInt32(color.red) << 16 | UInt32(color.green) << 8 | UInt32(color.blue)
}

/// See `san.h`.
@_cdecl("san_overlay")
public func sanOverlay(
  _ segmentation: OpaquePointer?, _ image: OpaquePointer?, _ opacity: Double, _ legend: CInt,
  _ overlay: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let found = object(try needed(segmentation, "segmentation"), as: SegmentationHandle.self)
    let image = object(try needed(image, "image"), as: ImageHandle.self).image
    let target = try needed(overlay, "overlay")
    let drawn = try Overlay.render(
      image, labels: found.labels, classes: found.titles,
      options: Overlay.Options(opacity: opacity, legend: legend == 0 ? .none : .automatic))
    target.pointee = retain(ImageHandle(drawn))
  }
}

/// See `san.h`.
@_cdecl("san_mask_of")
public func sanMaskOf(
  _ segmentation: OpaquePointer?, _ label: UInt16, _ mask: UnsafeMutablePointer<san_mask>?
) -> CInt {
  status {
    let found = object(try needed(segmentation, "segmentation"), as: SegmentationHandle.self)
    let target = try needed(mask, "mask")
    target.pointee = try found.mask(of: label)
  }
}

/// What a `san_polygons` points to.
final class PolygonsHandle: Sendable {
  /// A region's label, and `x, y` of its corners.
  let polygons: [(label: UInt16, points: [Int32])]

  init(_ polygons: [[[Int]]]) {
    self.polygons = polygons.enumerated().flatMap { label, regions in
      regions.map { region in (UInt16(label), region.map { Int32($0) }) }
    }
  }
}

/// See `san.h`.
@_cdecl("san_polygons_new")
public func sanPolygonsNew(
  _ segmentation: OpaquePointer?, _ minimumArea: Int, _ tolerance: Double,
  _ polygons: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  status {
    let found = object(try needed(segmentation, "segmentation"), as: SegmentationHandle.self)
    let target = try needed(polygons, "polygons")
    // A size_t over Int.max arrives as a negative number.
    guard minimumArea >= 0 else {
      throw ArgumentError("minimum_area: \(UInt(bitPattern: minimumArea)) is not allowed")
    }
    guard tolerance.isFinite, tolerance >= 0 else {
      throw ArgumentError("tolerance: \(tolerance) is not allowed; a finite number of at least 0 is")
    }
    let traced = try RegionPolygons.all(
      in: found.labels, classCount: found.titles.count,
      editing: PolygonEditing(minimumArea: minimumArea, tolerance: tolerance))
    target.pointee = retain(PolygonsHandle(traced))
  }
}

/// See `san.h`.
@_cdecl("san_polygon_count")
public func sanPolygonCount(_ polygons: OpaquePointer?) -> Int {
  polygons.map { object($0, as: PolygonsHandle.self).polygons.count } ?? 0
}

/// See `san.h`.
@_cdecl("san_polygon_at")
public func sanPolygonAt(
  _ polygons: OpaquePointer?, _ index: Int, _ polygon: UnsafeMutablePointer<san_polygon>?
) -> CInt {
  status {
    let all = object(try needed(polygons, "polygons"), as: PolygonsHandle.self).polygons
    let target = try needed(polygon, "polygon")
    guard all.indices.contains(index) else {
      throw ArgumentError("index: there is no polygon \(UInt(bitPattern: index)); there are \(all.count)")
    }
    let points = all[index].points
    target.pointee = san_polygon(points: points.address, count: points.count / 2, label: all[index].label)
  }
}

/// See `san.h`.
@_cdecl("san_polygons_free")
public func sanPolygonsFree(_ polygons: OpaquePointer?) { release(polygons, as: PolygonsHandle.self) }
