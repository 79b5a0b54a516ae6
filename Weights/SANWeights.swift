#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where the files are that come with the package: the embedded default model, CLIP's merge table and class names.
public enum SANWeights {
  /// The name of the embedded default model.
  public static let defaultModel = "san-mini"

  /// The path of the embedded model file.
  ///
  /// - Throws: ``ResourceError`` where it is not found.
  public static func modelPath() throws -> String { try path("\(defaultModel)/model.safetensors") }

  /// The path of CLIP's byte-pair merges, one a line, best first.
  ///
  /// - Throws: ``ResourceError`` where it is not found.
  public static func mergesPath() throws -> String { try path("bpe_merges.txt") }

  /// The path of the class names of `name`, such as `coco-stuff-171`: one a line, in the data set's own order.
  ///
  /// - Throws: ``ResourceError`` where there is no such set.
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
  /// in the sources that the program was built from. Where this code is in a shared library, it is the library's place
  /// that counts, not the program's.
  public static let folders: [String] = {
    let home = URL(fileURLWithPath: imagePath).resolvingSymlinksInPath().deletingLastPathComponent()
    let bundle = "san_SANWeights"
    // A library can lie a step deeper, in a folder for the processor's kind.
    let above = home.deletingLastPathComponent()
    return [
      home.appendingPathComponent("\(bundle).resources/Resources").path,
      home.appendingPathComponent("\(bundle).bundle/Resources").path,
      home.appendingPathComponent("\(bundle).bundle/Contents/Resources/Resources").path,
      above.appendingPathComponent("share/san").path,
      above.deletingLastPathComponent().appendingPathComponent("share/san").path,
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Resources").path,
    ]
  }()

  /// The program or shared library that this code is in.
  private static var imagePath: String {
    #if os(Linux)
      if let path = mappedFile(at: UInt(bitPattern: #dsohandle)) { return path }
    #elseif canImport(Darwin)
      var image = Dl_info()
      if dladdr(#dsohandle, &image) != 0, let name = image.dli_fname { return String(cString: name) }
    #endif
    return CommandLine.arguments.first ?? ""
  }

  #if os(Linux)
    /// The file that lies in memory at `address`, by the full path that the kernel knows.
    private static func mappedFile(at address: UInt) -> String? {
      guard let maps = fopen("/proc/self/maps", "re") else { return nil }
      defer { fclose(maps) }
      var line: UnsafeMutablePointer<CChar>?
      var capacity = 0
      defer { free(line) }
      while getline(&line, &capacity, maps) > 0, let line {
        let text = String(cString: line)
        let bounds = text.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
        guard bounds.count == 2, bounds[0] <= address, address < bounds[1] else { continue }
        return text.firstIndex(of: "/").map { text[$0...].prefix { $0 != "\n" } }.map(String.init)
      }
      return nil
    }
  #endif
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
