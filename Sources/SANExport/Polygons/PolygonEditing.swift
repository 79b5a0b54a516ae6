import SANCore
import SANInference

/// How polygons differ from the pixels that they are made of, so that people can edit them.
public struct PolygonEditing: Sendable, Hashable {
  /// Regions that enclose fewer pixels are left out, and holes that do are filled.
  public var minimumArea: Int
  /// How far a pixel's corner may lie from the outline that leaves it out, in pixels. Outlines of neighbours are simplified
  /// each by itself: they may overlap, or leave gaps, as far.
  public var tolerance: Double

  /// Polygons of exactly the pixels, or others. Precondition: neither is negative.
  public init(minimumArea: Int = 0, tolerance: Double = 0) {
    precondition(minimumArea >= 0 && tolerance >= 0, "not negative")
    (self.minimumArea, self.tolerance) = (minimumArea, tolerance)
  }
}

/// Leaves out corners of polygons, as Ramer, Douglas and Peucker do.
struct PolygonSimplifier {
  let tolerance: Double

  /// The polygon `x, y, x, y, …` without the corners that lie within the tolerance of what is left; as it is where too few
  /// would be left.
  ///
  /// - Parameter isFixed: by corner, whether it stays: the ends of cuts, whose two sides must stay on each other.
  func simplify(_ polygon: [Int], isFixed: [Bool]) -> [Int] {
    let count = polygon.count / 2
    guard count > 3 else { return polygon }
    var kept = isFixed
    if !isFixed.contains(true) {
      kept[0] = true
      kept[farthest(from: 0, polygon)] = true
    }
    let fixed = kept.indices.filter { kept[$0] }
    for (index, start) in fixed.enumerated() {
      // The last run goes over the end of the list to the first fixed corner.
      let end = index + 1 < fixed.count ? fixed[index + 1] : fixed[0] + count
      keep(start, end, of: polygon, in: &kept)
    }
    let left = kept.indices.filter { kept[$0] }
    guard Set(left.map { [polygon[2 * $0], polygon[2 * $0 + 1]] }).count >= 3 else { return polygon }
    return left.flatMap { [polygon[2 * $0], polygon[2 * $0 + 1]] }
  }

  private func farthest(from corner: Int, _ polygon: [Int]) -> Int {
    func distance(_ other: Int) -> Int {
      let (x, y) = (
        polygon[2 * other] - polygon[2 * corner], polygon[2 * other + 1] - polygon[2 * corner + 1]
      )
      return x * x + y * y
    }
    return (0..<polygon.count / 2).max { distance($0) < distance($1) } ?? corner
  }

  /// Marks the corners between `start` and `end`, which stay, that have to stay as well.
  private func keep(_ start: Int, _ end: Int, of polygon: [Int], in kept: inout [Bool]) {
    let count = polygon.count / 2
    func point(_ index: Int) -> (x: Double, y: Double) {
      (Double(polygon[2 * (index % count)]), Double(polygon[2 * (index % count) + 1]))
    }
    var runs = [(start, end)]
    while let (start, end) = runs.popLast() {
      guard end - start > 1 else { continue }
      let (a, b) = (point(start), point(end))
      let (dx, dy) = (b.x - a.x, b.y - a.y)
      let length = dx * dx + dy * dy
      var (worst, corner) = (tolerance * tolerance, -1)
      for index in start + 1..<end {
        let p = point(index)
        // To the nearest point between both ends.
        let along = length > 0 ? min(max(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0), 1) : 0
        let (x, y) = (p.x - a.x - along * dx, p.y - a.y - along * dy)
        if x * x + y * y > worst { (worst, corner) = (x * x + y * y, index) }
      }
      guard corner >= 0 else { continue }
      kept[corner % count] = true
      runs += [(start, corner), (corner, end)]
    }
  }
}
