import SANWeights

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Models that are installed, by name: files `NAME.safetensors` or `NAME.pth` in one of a few folders.
///
/// `san-cli models` adds to them; a file that someone puts there counts as well. Nothing is read but the folders' lists.
public struct ModelStore: Sendable, Hashable {
  /// An installed model.
  public struct Model: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Its file.
    public let path: String
  }

  /// Where models are looked for; an earlier folder's hide later ones of the same name.
  public let folders: [String]

  /// A store of `folders`, which need not exist.
  public init(folders: [String]) { self.folders = folders }

  /// The environment's: the folder that `SAN_MODEL_DIR` names, if it does, then ``userFolder``.
  public static var standard: ModelStore {
    ModelStore(folders: [variableFolder, userFolder].compactMap { $0 })
  }

  /// The folder that `SAN_MODEL_DIR` names.
  public static var variableFolder: String? {
    ProcessInfo.processInfo.environment["SAN_MODEL_DIR"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The user's folder: `san/models` in `XDG_DATA_HOME`, else in `~/.local/share` or, on macOS,
  /// `~/Library/Application Support`; nil where the environment names no home.
  public static var userFolder: String? {
    let environment = ProcessInfo.processInfo.environment
    func absolute(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
    if let data = absolute("XDG_DATA_HOME") { return "\(data)/san/models" }
    #if os(macOS)
      return absolute("HOME").map { "\($0)/Library/Application Support/san/models" }
    #else
      return absolute("HOME").map { "\($0)/.local/share/san/models" }
    #endif
  }

  /// Endings of model files, best first.
  private static let endings = [".safetensors", ".pth"]

  /// Whether `text` can be a model's name: 1 to 64 letters, digits, dots, hyphens and underscores of ASCII, a letter or
  /// digit first, and no model file's ending.
  public static func isName(_ text: String) -> Bool {
    let bytes = text.utf8
    return (1...64).contains(bytes.count) && bytes.allSatisfy { isPlain($0) || "._-".utf8.contains($0) }
      && bytes.first.map(isPlain) == true && !endings.contains { text.lowercased().hasSuffix($0) }
  }

  /// An ASCII letter or digit.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: false
    }
  }

  /// The model `name`, if it is installed.
  public func model(_ name: String) -> Model? {
    guard ModelStore.isName(name) else { return nil }
    for folder in folders {
      for ending in ModelStore.endings {
        let path = "\(folder)/\(name)\(ending)"
        if FileManager.default.fileExists(atPath: path) { return Model(name: name, path: path) }
      }
    }
    return nil
  }

  /// All installed models in the order of their names.
  public var models: [Model] {
    let files = folders.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] }
    let names = files.compactMap { file in
      ModelStore.endings.first { file.hasSuffix($0) }.map { String(file.dropLast($0.count)) }
    }
    return Set(names).sorted().compactMap(model)
  }
}

/// Why a model cannot be had by its name.
public enum ModelStoreError: Error, Sendable, Hashable, CustomStringConvertible {
  /// No folder has a model of this name.
  case notInstalled(name: String, installed: [String], folders: [String])

  /// One plain line: the name, and what there is.
  public var description: String {
    switch self {
    case .notInstalled(let name, let installed, let folders):
      let others = Set(installed).union([SANWeights.defaultModel]).sorted().joined(separator: ", ")
      let places = folders.isEmpty ? "" : " (looked in \(folders.joined(separator: " and ")))"
      return "\(name): no model of this name is installed\(places); there are: \(others)"
    }
  }
}
