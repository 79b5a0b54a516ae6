import Foundation

/// `segment` with the toy model on pictures in a folder.
struct Segmenting {
  let folder: Scratch

  init() throws { folder = try Scratch() }

  /// What every run here asks for.
  static let common = [
    "--model", ToyFiles.model.path, "--classes", "cat,dog", "--background", "none", "--templates", "plain",
  ]

  /// Writes small pictures that differ in size, and the folders that they lie in.
  func addPictures(_ names: String...) throws {
    for (index, name) in names.enumerated() {
      try addFile(name, name.hasSuffix("jpg") ? ToyFiles.jpeg : ToyFiles.png(width: 20 + index, height: 16))
    }
  }

  /// Writes a file, and the folders that it lies in.
  func addFile(_ name: String, _ bytes: some Sequence<UInt8>) throws {
    try FileManager.default.createDirectory(
      at: folder[name].deletingLastPathComponent(), withIntermediateDirectories: true)
    try folder.write(bytes, to: name)
  }

  /// Runs `segment`.
  func run(_ arguments: [String], input: String? = nil) throws -> Program.Outcome {
    try Program.run(
      ["segment"] + arguments + Segmenting.common, in: folder.url, input: input.map { folder[$0] })
  }

  /// The files below `name` that listings show, without folders, in order.
  func outputs(_ name: String) throws -> [String] {
    try files(name).filter { !$0.split(separator: "/").contains { $0.hasPrefix(".") } }
  }

  /// The files below `name`, without folders, in order.
  func files(_ name: String) throws -> [String] {
    let all = try FileManager.default.subpathsOfDirectory(atPath: folder[name].path)
    return all.filter { file in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(
        atPath: folder[name].appendingPathComponent(file).path, isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted()
  }
}

extension Program.Outcome {
  /// The lines of standard output in their columns, the header aside.
  var rows: [[String]] {
    output.split(separator: "\n").dropFirst().map { line in
      line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// The images on standard output, each once, in order.
  var images: [String] {
    rows.map { $0[0] }.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }
}
