// A label map for each photo of a folder, two under way at once: folder-to-labels FOLDER OUTPUT CLASS...
import Foundation
import SANExport
import SANInference

@main
struct FolderToLabels {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments.count >= 3 else {
      FileHandle.standardError.write(Data("usage: folder-to-labels FOLDER OUTPUT CLASS...\n".utf8))
      exit(64)
    }
    let (folder, output) = (URL(fileURLWithPath: arguments[1]), URL(fileURLWithPath: arguments[2]))
    try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    let photos = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { ["jpg", "jpeg", "png"].contains($0.pathExtension.lowercased()) }
      .sorted { $0.path < $1.path }

    // One model and one vocabulary serve all photos.
    let segmenter = try Segmenter()
    let vocabulary = try await segmenter.vocabulary(Array(arguments[3...]))

    let label: @Sendable (URL) async -> String = { photo in
      do {
        let result = try await segmenter.segment(RGBImage(contentsOf: photo.path), vocabulary: vocabulary)
        let png = try LabelRendering.labelMap(result.labels, classCount: vocabulary.classes.count)
        let file = output.appendingPathComponent("\(photo.lastPathComponent).png")
        try Data(png).write(to: file, options: .atomic)
        return "\(photo.lastPathComponent): done"
      } catch {
        return "\(error)"  // names the photo; the others go on
      }
    }

    // While one photo is computed, the next is read and the last one written. Memory grows with how many there are.
    await withTaskGroup(of: String.self) { group in
      for photo in photos.prefix(2) { group.addTask { await label(photo) } }
      for photo in photos.dropFirst(2) {
        if let line = await group.next() { print(line) }
        group.addTask { await label(photo) }
      }
      for await line in group { print(line) }
    }
  }
}
