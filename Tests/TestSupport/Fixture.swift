import Foundation

/// Files under `Tests/Fixtures`, found from this source file so that no bundle is needed.
public enum Fixture {
  /// The root folder of the package.
  public static let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The fixture `name`, such as `golden/toy.shapes.json`.
  public static func url(_ name: String) -> URL {
    packageRoot.appendingPathComponent("Tests/Fixtures").appendingPathComponent(name)
  }

  /// All bytes of the fixture `name`.
  public static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: url(name)))
  }
}
