import SANCore
import SANInference

/// The outlines of a label map's regions as COCO's polygons.
///
/// A region is what hangs together by its pixels' sides. Its outline follows the pixels' edges, so that corners are whole
/// numbers from 0 to the picture's width and height, and pycocotools draws exactly the region's pixels from it. COCO's
/// polygons have no holes: each hole is joined to the outline around it by a cut straight up that is walked both ways.
public enum RegionPolygons {
  /// The polygons of all classes, by label: each is `x, y` of corner after corner, clockwise, a region's in the order of
  /// their top left pixels.
  ///
  /// - Parameters:
  ///   - labels: a class for each pixel.
  ///   - classCount: the number of classes.
  ///   - editing: how they differ from the pixels.
  /// - Throws: ``RenderingError/unknownLabel(label:classCount:)``.
  public static func all(
    in labels: LabelMap, classCount: Int, editing: PolygonEditing = PolygonEditing()
  ) throws(RenderingError) -> [[[Int]]] {
    _ = try labels.counts(classCount: classCount)
    var tracer = BoundaryTracer(labels)
    tracer.traceAll()
    if let filled = tracer.fillingHoles(below: editing.minimumArea) {
      tracer = BoundaryTracer(filled)
      tracer.traceAll()
    }
    let cuts = tracer.cuts()
    let simplifier = editing.tolerance > 0 ? PolygonSimplifier(tolerance: editing.tolerance) : nil
    var polygons = [[[Int]]](repeating: [], count: classCount)
    for loop in tracer.loops where !loop.isHole && loop.area >= editing.minimumArea {
      let (polygon, isFixed) = tracer.polygon(of: loop, cuts: cuts)
      polygons[Int(loop.label)].append(simplifier?.simplify(polygon, isFixed: isFixed) ?? polygon)
    }
    return polygons
  }
}

/// Walks along the edges between pixels of unlike labels.
private struct BoundaryTracer {
  struct Point {
    let x, y: Int32
  }

  /// A closed walk with its region on the right hand.
  struct Loop {
    let label: UInt16
    /// Its part of ``BoundaryTracer/points``.
    let points: Range<Int>
    let isHole: Bool
    /// Pixels that it encloses.
    let area: Int
  }

  /// Where a hole is joined to the loop above it.
  struct Cut {
    /// The place on an edge of that loop, straight above the hole's top left corner.
    let start: Point
    let hole: Loop
    /// The hole's top left corner, an index of ``BoundaryTracer/points``.
    let corner: Int
  }

  private let labels: LabelMap
  private(set) var loops: [Loop] = []
  /// Corners of all loops.
  private var points: [Point] = []
  /// By pixel: whether a walk has gone along its upper edge.
  private var isWalked: [Bool]

  init(_ labels: LabelMap) {
    self.labels = labels
    isWalked = Array(repeating: false, count: labels.size.count)
  }

  private func has(_ x: Int, _ y: Int, _ label: UInt16) -> Bool {
    x >= 0 && y >= 0 && x < labels.size.width && y < labels.size.height
      && labels.labels[y * labels.size.width + x] == label
  }

  /// Every loop goes along some pixel's upper edge, so it starts at the first such edge.
  mutating func traceAll() {
    for y in 0..<labels.size.height {
      for x in 0..<labels.size.width {
        let index = y * labels.size.width + x
        let label = labels.labels[index]
        if label != LabelMap.other, !isWalked[index], !has(x, y - 1, label) { trace(x, y, label) }
      }
    }
  }

  /// The first unwalked edge of a loop, from the left, starts at one of its corners.
  private mutating func trace(_ startX: Int, _ startY: Int, _ label: UInt16) {
    let first = points.count
    var (x, y, dx, dy) = (startX, startY, 1, 0)
    var area = 0  // negative for a hole
    repeat {
      points.append(Point(x: Int32(x), y: Int32(y)))
      var isStraight = true
      while isStraight {
        if dx == 1 { isWalked[y * labels.size.width + x] = true }
        area -= y * dx
        (x, y) = (x + dx, y + dy)
        // The pixels ahead, right and left of the walk. Where regions touch at a corner alone, it turns away.
        let right = (x - (dx - dy < 0 ? 1 : 0), y - (dx + dy < 0 ? 1 : 0))
        let left = (x - (dx + dy < 0 ? 1 : 0), y - (dy - dx < 0 ? 1 : 0))
        if !has(right.0, right.1, label) {
          (dx, dy) = (-dy, dx)
          isStraight = false
        } else if has(left.0, left.1, label) {
          (dx, dy) = (dy, -dx)
          isStraight = false
        }
      }
    } while (x, y, dx) != (startX, startY, 1)
    loops.append(
      Loop(label: label, points: first..<points.count, isHole: area < 0, area: Int(area.magnitude)))
  }

  /// The labels with every hole that encloses fewer than `area` pixels filled by the region around it; nil where there is
  /// none. Regions within such a hole enclose no more than it does.
  func fillingHoles(below area: Int) -> LabelMap? {
    // Of holes within each other the outer comes last, and takes all.
    let holes = loops.filter { $0.isHole && $0.area < area }.sorted { $0.area < $1.area }
    guard !holes.isEmpty else { return nil }
    var filled = labels.labels
    for hole in holes {
      // By row, where the loop crosses it: what lies between two crossings is within.
      var crossings: [Int: [Int]] = [:]
      for index in hole.points {
        let (from, to) = (points[index], next(after: index, in: hole))
        guard from.x == to.x else { continue }
        for y in min(from.y, to.y)..<max(from.y, to.y) { crossings[Int(y), default: []].append(Int(from.x)) }
      }
      for (y, places) in crossings {
        let places = places.sorted()
        for start in stride(from: 0, to: places.count - 1, by: 2) {
          for x in places[start]..<places[start + 1] { filled[y * labels.size.width + x] = hole.label }
        }
      }
    }
    return LabelMap(size: labels.size, labels: filled)
  }

  /// The cuts to all holes, by the corner of ``points`` at which the edge that they start from begins, from its left to
  /// its right.
  func cuts() -> [Int: [Cut]] {
    guard loops.contains(where: \.isHole) else { return [:] }
    // Upper edges, in the order of their rows and columns.
    let edges = loops.flatMap { loop in loop.points.filter { points[$0].x < next(after: $0, in: loop).x } }
      .sorted { (points[$0].y, points[$0].x) < (points[$1].y, points[$1].x) }
    var cuts: [Int: [Cut]] = [:]
    for hole in loops where hole.isHole {
      let corner = hole.points.min { (points[$0].y, points[$0].x) < (points[$1].y, points[$1].x) }!
      let x = points[corner].x
      var y = Int(points[corner].y)
      while has(Int(x), y - 1, hole.label) { y -= 1 }
      // The last edge of row y that starts at x or left of it.
      var (low, high) = (0, edges.count)
      while low < high {
        let middle = (low + high) / 2
        let start = points[edges[middle]]
        if (start.y, start.x) <= (Int32(y), x) { low = middle + 1 } else { high = middle }
      }
      cuts[edges[low - 1], default: []].append(
        Cut(start: Point(x: x, y: Int32(y)), hole: hole, corner: corner))
    }
    return cuts.mapValues { $0.sorted { $0.start.x < $1.start.x } }
  }

  private func next(after index: Int, in loop: Loop) -> Point {
    points[index + 1 == loop.points.upperBound ? loop.points.lowerBound : index + 1]
  }

  /// The loop with all holes within it, as `x, y` of corner after corner, and which corners are a cut's ends.
  func polygon(of loop: Loop, cuts: [Int: [Cut]]) -> (polygon: [Int], isCut: [Bool]) {
    var polygon: [Int] = []
    var isCut: [Bool] = []
    func add(_ point: Point, cut: Bool = true) {
      polygon += [Int(point.x), Int(point.y)]
      isCut.append(cut)
    }

    /// A loop under way: holes in holes' shadows can lie thousands deep.
    struct Walk {
      let loop: Loop
      /// Where it began, and corners walked since then.
      let start: Int
      var walked = 0
      /// Cuts not taken yet from the last corner's edge, the first one last.
      var pending: [Cut] = []
      /// Where the cut to it began; nil for the outline.
      let cut: Point?
    }
    var walks = [Walk(loop: loop, start: loop.points.lowerBound, cut: nil)]
    while let walk = walks.last {
      let (top, range) = (walks.count - 1, walk.loop.points)
      if let cut = walk.pending.last {
        walks[top].pending.removeLast()
        add(cut.start)
        walks.append(Walk(loop: cut.hole, start: cut.corner, cut: cut.start))
      } else if walk.walked < range.count {
        let index = range.lowerBound + (walk.start - range.lowerBound + walk.walked) % range.count
        add(points[index], cut: walk.cut != nil && walk.walked == 0)
        walks[top].walked += 1
        walks[top].pending = cuts[index]?.reversed() ?? []
      } else {
        walks.removeLast()
        if let cut = walk.cut {
          add(points[walk.start])
          add(cut)
        }
      }
    }
    return (polygon, isCut)
  }
}
