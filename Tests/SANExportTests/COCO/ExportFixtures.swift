import Foundation
import SANCore
import SANExport
import SANInference
import TestSupport

/// Label maps and what pycocotools makes of their classes.
struct ExportFixtures: Decodable {
  struct Class: Decodable {
    let counts: String
    let area: Int
    let box: [Int]
    /// Long ones are told by the checksum of their JSON.
    let polygons: [[Int]]?
    let polygonsChecksum: UInt32?

    enum CodingKeys: String, CodingKey {
      case counts, area, box, polygons
      case polygonsChecksum = "polygons_crc32"
    }
  }

  let name: String
  let width, height: Int
  let classes: [Class]

  static func load() throws -> [ExportFixtures] {
    try JSONDecoder().decode([ExportFixtures].self, from: Data(Fixture.bytes("export/masks.json")))
  }

  /// The label map, whose 255 is other.
  func labels() throws -> LabelMap {
    let image = try LabelImage(contentsOf: Fixture.url("export/\(name).png").path)
    return LabelMap(
      size: Grid(height: image.height, width: image.width),
      labels: image.labels.map { $0 == 255 ? LabelMap.other : $0 })
  }
}
