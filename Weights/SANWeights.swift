#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Where the files are that come with the package: the embedded default model, CLIP's merge table and class names.
public enum SANWeights {
  /// The name of the embedded default model.
  public static let defaultModel = "san-mini"

  /// The embedded model file.
  public static func modelPath() throws -> String { try path("\(defaultModel)/model.safetensors") }

  /// CLIP's byte-pair merges, one a line, best first.
  public static func mergesPath() throws -> String { try path("bpe_merges.txt") }

  /// The class names of `name`, such as `coco-stuff-171`: one a line, in the data set's own order.
  public static func vocabularyPath(_ name: String) throws -> String { try path("vocabularies/\(name).txt") }

  /// The full path of a file that comes with the package.
  ///
  /// - Throws: ``ResourceError`` where it is not found.
  public static func path(_ name: String) throws -> String {
    let candidates = folders.map { "\($0)/\(name)" }
    guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw ResourceError(name: name, searched: folders)
    }
    return found
  }

  /// Where the files may lie, best first: beside the program as SwiftPM builds it, in an installation's `share/san`, and
  /// in the sources that the program was built from.
  public static let folders: [String] = {
    let program = URL(fileURLWithPath: programPath).resolvingSymlinksInPath().deletingLastPathComponent()
    let bundle = "san_SANWeights"
    return [
      program.appendingPathComponent("\(bundle).resources/Resources").path,
      program.appendingPathComponent("\(bundle).bundle/Resources").path,
      program.appendingPathComponent("\(bundle).bundle/Contents/Resources/Resources").path,
      program.deletingLastPathComponent().appendingPathComponent("share/san").path,
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Resources").path,
    ]
  }()

  private static var programPath: String {
    #if os(Linux)
      if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
        return path
      }
    #endif
    return CommandLine.arguments.first ?? ""
  }
}

/// A file that should have come with the package is not there.
public struct ResourceError: Error, Sendable, CustomStringConvertible {
  /// The file's name below the resource folder.
  public let name: String
  /// The folders that were looked into.
  public let searched: [String]

  /// The error in one line.
  public var description: String {
    "\(name) is not where the program looks for it (\(searched.joined(separator: ", "))). "
      + "Install with the program's resources, or run it from the folder that it was built in."
  }
}
