import SANCore
import SANExport
import SANInference
import XCTest

/// Polygons for people: small regions left out, small holes filled, few corners.
final class PolygonEditingTests: XCTestCase {
  private func polygons(_ rows: String, _ editing: PolygonEditing, classCount: Int = 3) throws -> [[[Int]]] {
    try RegionPolygons.all(in: Pictures.labels(rows), classCount: classCount, editing: editing)
  }

  func testSmallRegionsAndHoles() throws {
    // A region of 24 pixels with a hole of 1 and one of 2, and regions of 1 and 2 within them.
    let rows = "0000000 0100220 0000000 0000000 ......2"
    let whole = try polygons(rows, PolygonEditing())
    XCTAssertEqual(whole.map(\.count), [1, 1, 2])
    XCTAssertEqual(try polygons(rows, PolygonEditing(minimumArea: 1)), whole)
    let filled = try polygons(rows, PolygonEditing(minimumArea: 3))
    XCTAssertEqual(filled, [[[0, 0, 7, 0, 7, 4, 0, 4]], [], []])
    // One of the two holes is left, with its region.
    let some = try polygons(rows, PolygonEditing(minimumArea: 2))
    XCTAssertEqual(some[1], [])
    XCTAssertEqual(some[2], [[4, 1, 6, 1, 6, 2, 4, 2]])
    XCTAssertEqual(some[0], [[0, 0, 4, 0, 4, 1, 4, 2, 6, 2, 6, 1, 4, 1, 4, 0, 7, 0, 7, 4, 0, 4]])
    XCTAssertEqual(try polygons(rows, PolygonEditing(minimumArea: 29)), [[], [], []])
  }

  /// Of holes within holes the outermost that is small takes all that is in it.
  func testHolesWithinHoles() throws {
    let rows = "0000000 0111110 0100010 0101010 0100010 0111110 0000000"
    XCTAssertEqual(
      try polygons(rows, PolygonEditing(minimumArea: 26), classCount: 2), [[[0, 0, 7, 0, 7, 7, 0, 7]], []])
    let inner = try polygons(rows, PolygonEditing(minimumArea: 10), classCount: 2)
    XCTAssertEqual(inner.map(\.count), [1, 1])
    XCTAssertEqual(inner[1], [[1, 1, 6, 1, 6, 6, 1, 6]])
  }

  /// What is left out lies within the tolerance of what is left, which is a part of the whole, and cuts' two sides stay on each
  /// other.
  func testFewerCorners() throws {
    for map in try ExportFixtures.load() where map.width * map.height < 20_000 {
      let labels = try map.labels()
      let whole = try RegionPolygons.all(in: labels, classCount: map.classes.count)
      for tolerance in [0.5, 1, 3.5] {
        let simple = try RegionPolygons.all(
          in: labels, classCount: map.classes.count, editing: PolygonEditing(tolerance: tolerance))
        XCTAssertEqual(simple.map(\.count), whole.map(\.count))
        for (whole, simple) in zip(whole.joined(), simple.joined()) {
          XCTAssertLessThanOrEqual(simple.count, whole.count)
          XCTAssertGreaterThanOrEqual(simple.count, 6)
          assertWithin(whole, simple, tolerance, map.name)
        }
      }
    }
  }

  func testAStaircaseIsALine() throws {
    let side = 40
    let labels = LabelMap(
      size: Grid(height: side, width: side), labels: (0..<side * side).map { $0 % side <= $0 / side ? 0 : 1 })
    let simple = try RegionPolygons.all(in: labels, classCount: 2, editing: PolygonEditing(tolerance: 1))
    XCTAssertLessThanOrEqual(simple[0][0].count, 2 * 5)
    // A line one pixel wide has no polygon within 2 pixels of it, and stays as it is.
    let line = try polygons("0000000", PolygonEditing(tolerance: 2), classCount: 1)
    XCTAssertEqual(line, [[[0, 0, 7, 0, 7, 1, 0, 1]]])
  }

  /// Each corner of `whole` lies within `tolerance` of an edge of `simple`.
  private func assertWithin(_ whole: [Int], _ simple: [Int], _ tolerance: Double, _ name: String) {
    func points(_ polygon: [Int]) -> [(x: Double, y: Double)] {
      stride(from: 0, to: polygon.count, by: 2).map { (Double(polygon[$0]), Double(polygon[$0 + 1])) }
    }
    let (corners, ends) = (points(whole), points(simple))
    for p in corners {
      let nearest =
        ends.indices.map { index -> Double in
          let (a, b) = (ends[index], ends[(index + 1) % ends.count])
          let (dx, dy) = (b.x - a.x, b.y - a.y)
          let length = dx * dx + dy * dy
          let along = length > 0 ? min(max(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0), 1) : 0
          let (x, y) = (p.x - a.x - along * dx, p.y - a.y - along * dy)
          return (x * x + y * y).squareRoot()
        }.min() ?? .infinity
      if nearest > tolerance + 1e-9 { return XCTFail("\(name): \(p) is \(nearest) away") }
    }
  }
}
