import Foundation

/// A folder for the files of one test; it vanishes with this object.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "san-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of the file `name` in the folder.
  func path(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes `bytes` to the file `name`, and returns its path.
  @discardableResult func write(_ bytes: some Sequence<UInt8>, _ name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  /// The names of all files in the folder.
  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

/// All bytes of the file at `path`.
func bytes(at path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The bytes of `value`, least significant first.
func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian, Array.init)
}

/// The bytes of `values`, one after another.
func floatBytes(_ values: [Float]) -> [UInt8] {
  values.flatMap { littleEndian($0.bitPattern) }
}
